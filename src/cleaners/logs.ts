import { relative, sep } from 'node:path';
import type { Detail, Item } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import { isInside } from '../disk/path.ts';
import type { Attributed } from '../storage/session-finder.ts';
import { logNameMs, looksLikeLog } from '../storage/names.ts';
import { sessionOwner, worktreeOwners } from '../storage/relations.ts';
import type { Storage } from '../storage/storage.ts';
import type { LogEntry } from '../storage/entries.ts';
import { sizeOf } from '../storage/see.ts';
import { newest } from '../storage/time.ts';
import { itemOf, partOf, type Cleaner } from './cleaner.ts';

/** Claude's logs, one file an item. Whose they are is told by the directory Claude worked in, or by nothing. */
export const logsCleaner: Cleaner = {
  kind: 'logs',
  find: (storage) => storage.survey.logs.map((entry) => logItem(storage, entry)),
};

const logDetail: Detail = { type: 'log' };
const nowhere: Attributed = { repository: undefined, attribution: 'none' };

function logItem(storage: Storage, entry: LogEntry): Item {
  const { id, name, holder, seen, link, cwd } = entry;
  const odd: Doubt | undefined = looksLikeLog(name)
    ? undefined
    : { reason: 'unknown-format', detail: 'not a name that Prodigy gives', path: seen.path };
  return itemOf(storage, {
    kind: 'logs',
    name: `${holder}/${name}`,
    root: entry.root,
    parts: [partOf('main', seen)],
    ...whose(storage, cwd),
    recordedAtMs: () => newest(seen.mtimeMs, logNameMs(name)),
    youngestSignMs: [seen.mtimeMs],
    doubts: [link, odd],
    detail: logDetail,
    size: sizeOf([seen]),
    id,
  });
}

function whose(storage: Storage, cwd: string | undefined): { attributed: Attributed; owners: OwnerId[] } {
  const { relations, repositories } = storage;
  if (cwd === undefined) return { attributed: nowhere, owners: [] };
  const [holder, name] = worktreeNames(cwd, storage.survey.roots);
  if (holder === undefined) {
    const attributed = repositories.ofDirectory(cwd);
    // A mere name would be a guess: Claude is run by other people than Prodigy, too.
    return { attributed: attributed.attribution === 'path' ? attributed : nowhere, owners: [] };
  }
  if (name === undefined) {
    const isPool = relations.isSession(holder);
    return { attributed: repositories.ofHolder(holder), owners: isPool ? [sessionOwner(holder)] : [] };
  }
  const owners = worktreeOwners(holder, name, relations.ownersIn);
  // The session knows its repository by path where the directory knows only a name.
  const bySession = relations.isSession(name) ? repositories.ofSession(name) : nowhere;
  const attributed = bySession.attribution === 'path' ? bySession : repositories.ofHolder(holder);
  return { attributed, owners };
}

/** Repository or pool, and worktree, of a directory below `worktrees/` of any root. */
function worktreeNames(cwd: string, roots: readonly string[]): readonly (string | undefined)[] {
  for (const root of roots) {
    if (!isInside(cwd, root)) continue;
    const [top, holder, name] = relative(root, cwd).split(sep);
    return top === 'worktrees' ? [holder, name] : [];
  }
  return [];
}
