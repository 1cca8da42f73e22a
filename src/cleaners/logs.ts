import { relative, sep } from 'node:path';
import type { Detail, Item } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import { groupBy } from '../model/groups.ts';
import { isInside } from '../disk/path.ts';
import type { Attributed } from '../storage/session-finder.ts';
import { logNameMs, looksLikeLog } from '../storage/names.ts';
import { sessionOwner, worktreeOwners } from '../storage/relations.ts';
import type { Storage } from '../storage/storage.ts';
import type { LogEntry } from '../storage/entries.ts';
import { sizeOf } from '../storage/see.ts';
import { newest } from '../storage/time.ts';
import { itemOf, partOf, type Cleaner, type Draft } from './cleaner.ts';

/** Claude's logs, one file an item. Whose they are is told by the directory Claude worked in, or by nothing. */
export const logsCleaner: Cleaner = {
  kind: 'logs',
  find(storage) {
    const known = knownNames(storage);
    return storage.survey.logs.map((entry) => logItem(storage, entry, known));
  },
};

const logDetail: Detail = { type: 'log' };
const nowhere: Attributed = { repository: undefined, attribution: 'none' };

function logItem(storage: Storage, entry: LogEntry, known: Known): Item {
  const { id, name, holder, seen, link, cwd } = entry;
  const odd: Doubt | undefined = looksLikeLog(name)
    ? undefined
    : { reason: 'unknown-format', detail: 'not a name that Prodigy gives', path: seen.path };
  return itemOf(storage, {
    kind: 'logs',
    name: `${holder}/${name}`,
    root: entry.root,
    parts: [partOf('main', seen)],
    ...whose(storage, cwd, known),
    recordedAtMs: () => newest(seen.mtimeMs, logNameMs(name)),
    youngestSignMs: [seen.mtimeMs],
    doubts: [link, odd],
    detail: logDetail,
    size: sizeOf([seen]),
    id,
  });
}

type Whose = Pick<Draft, 'attributed' | 'owners' | 'isOwnerGuessed'>;

function whose(storage: Storage, cwd: string | undefined, known: Known): Whose {
  if (cwd === undefined) return { attributed: nowhere, owners: [] };
  const placed = storage.placing.of(cwd).map((path) => ofPlace(storage, path));
  const [first = ofOutside(storage, cwd), ...others] = placed;
  const owners = others.length === 0 ? first.owners : placed.flatMap((place) => place.owners);
  if (owners.length > 0) return { attributed: first.attributed, owners };
  // Another home's, or one that has moved since: the name of a session tells still whom to ask.
  return { attributed: first.attributed, owners: known(cwd), isOwnerGuessed: true };
}

function ofOutside({ repositories }: Storage, cwd: string): Whose {
  const attributed = repositories.ofDirectory(cwd);
  // A mere name would be a guess: Claude is run by other people than Prodigy, too.
  return { attributed: attributed.attribution === 'path' ? attributed : nowhere, owners: [] };
}

/** @param path - in the storage */
function ofPlace(storage: Storage, path: string): Whose {
  const { relations, repositories, survey } = storage;
  const [holder, name] = worktreeNames(path, survey.roots);
  if (holder === undefined) return ofOutside(storage, path);
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

/** Whose names are in a path: sessions that are known, and worktrees that are there. */
type Known = (path: string) => readonly OwnerId[];

function knownNames({ relations, survey }: Storage): Known {
  const worktrees = groupBy(survey.worktrees, ({ name }) => name);
  const answers = new Map<string, readonly OwnerId[]>();
  return (path) => {
    const known = answers.get(path);
    if (known !== undefined) return known;
    const owners = path
      .split(sep)
      .flatMap((name) => [
        ...(relations.sessions.has(name) ? [sessionOwner(name)] : []),
        ...(worktrees.get(name) ?? []).flatMap(({ holder }) =>
          worktreeOwners(holder, name, relations.ownersIn),
        ),
      ]);
    answers.set(path, owners);
    return owners;
  };
}

/** Repository or pool, and worktree, of a directory below `worktrees/` of any root. */
function worktreeNames(path: string, roots: readonly string[]): readonly (string | undefined)[] {
  for (const root of roots) {
    if (!isInside(path, root)) continue;
    const [top, holder, name] = relative(root, path).split(sep);
    return top === 'worktrees' ? [holder, name] : [];
  }
  return [];
}
