import { accessSync, constants, lstatSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isAncestorOrSelf } from '../disk/path.ts';
import type { PlaceOddity } from '../model/oddity.ts';
import type { Doubt } from '../model/reason.ts';
import type { Survey } from './entries.ts';
import { containers } from './layout.ts';
import { fileType, list, see } from './see.ts';

/** What `<root>/clean` may hold; scratch files are told apart from it. */
const ownNames = /^(?:journal|quarantine|undo|run\.lock|clean\d*\.log)$|\.new$|^run\.lock\.stale-\d+$/;

/**
 * Names that nobody knows, links that are not followed, and what cannot be read or changed.
 *
 * @param isKnown - asked of a name that the survey does not know
 */
export function oddPlaces(
  survey: Survey,
  journalDirectory: string,
  isKnown: (path: string) => boolean,
): readonly PlaceOddity[] {
  const found: PlaceOddity[] = [];
  const blind = new Map(survey.blind.map(({ doubt, vital }) => [doubt, vital]));
  for (const doubt of survey.oddities) {
    const { reason, path = '' } = doubt;
    if (isKnown(path)) continue;
    const vital = blind.get(doubt);
    if (vital === undefined) found.push(unknownName(doubt, path));
    else if (reason === 'symlink') found.push({ type: 'container-link', path, vital });
    else found.push({ type: 'unreadable', path, detail: doubt.detail, vital });
  }
  for (const { path } of linkedItems(survey)) found.push({ type: 'item-link', path });
  for (const root of survey.roots) found.push(...oddOwners(root), ...oddOwnNames(root, journalDirectory));
  return found;
}

function unknownName({ reason, detail }: Doubt, path: string): PlaceOddity {
  if (reason === 'symlink') return { type: 'unknown-link', path };
  return reason === 'unreadable'
    ? { type: 'unreadable', path, detail }
    : { type: 'unknown-name', path, detail };
}

function linkedItems(survey: Survey): readonly { readonly path: string }[] {
  const { sessions, sessionDirectories, checkpoints, mapreduces, jobs, mappings, events } = survey;
  const { eventFiles, deadLetters, logs, worktrees, metadata, locks } = survey;
  const records = [sessions, sessionDirectories, checkpoints, mapreduces, jobs, mappings, events];
  return [...records, eventFiles, deadLetters, logs, worktrees, metadata, locks].flatMap((entries) =>
    entries.filter(({ link }) => link !== undefined),
  );
}

/** What is not ours to change, as far as its own mode tells; the superuser may change anything. */
function oddOwners(root: string): readonly PlaceOddity[] {
  const own = process.geteuid?.();
  if (own === undefined || own === 0) return [];
  const found: PlaceOddity[] = [];
  for (const path of [root, ...[...containers, 'clean'].map((name) => join(root, name))]) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isDirectory()) continue;
    if (stats.uid !== own) found.push({ type: 'not-ours', path, owner: stats.uid });
    else if (!isWritable(path)) found.push({ type: 'not-writable', path });
  }
  return found;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function oddOwnNames(root: string, journalDirectory: string): readonly PlaceOddity[] {
  const own = join(root, 'clean');
  if (see(own).unwrapOr(undefined)?.identity.type === 'symlink')
    return [{ type: 'container-link', path: own, vital: false }];
  const listed = list(own);
  // A directory that cannot be listed is told by who owns it, and by the journal that cannot be read.
  return listed.unwrapOr([]).flatMap((entry): PlaceOddity[] => {
    const path = join(own, entry.name);
    const type = fileType(entry);
    if (type === 'symlink') return [{ type: 'unknown-link', path }];
    if (ownNames.test(entry.name) || isAncestorOrSelf(path, journalDirectory)) return [];
    return [{ type: 'unknown-name', path, detail: 'not known here' }];
  });
}

/** The usual root, when it is a link that may be followed because `PRODIGY_HOME` names its target in full. */
export function linkedRoot(home: string): PlaceOddity | undefined {
  const path = join(home, '.prodigy');
  try {
    if (!lstatSync(path).isSymbolicLink()) return undefined;
    return { type: 'root-link', path, target: realpathSync(path) };
  } catch {
    return undefined;
  }
}

/** What lies in the way of a rename that could not reach the quarantine. */
export function isTrash(path: string): boolean {
  return basename(path).startsWith('.prodigy-trash-');
}
