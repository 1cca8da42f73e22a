import { ReadAhead, type Aim } from '../disk/read-ahead.ts';
import type { Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { readCheckpoint, readCheckpointFolder } from './checkpoint.ts';
import { workingDirectoryOfLog } from './claude-log.ts';
import { readDeadLetters } from './dead-letters.ts';
import { mapEach } from './each.ts';
import type { At, LogEntry, Survey } from './entries.ts';
import { lastRecordMs, readEventFiles } from './event-files.ts';
import { readJobState } from './job.ts';
import { logsFound } from './log-found.ts';
import { readMapping } from './mapping.ts';
import { blindAt, findPlaces, type PlaceFound } from './places.ts';
import { see, sizeOf, type Seen } from './see.ts';
import { readSession } from './session-file.ts';
import { readTree, type Tree } from './tree.ts';
import { readWorktreeMetadata } from './worktree-metadata.ts';
import { readWorktreeSigns } from './worktree-signs.ts';

/** Many, because what waits is a file that looks torn: 300 ms each, side by side. */
const readsAtOnce = 512;

const lists = {
  'session-file': 'sessions',
  'session-directory': 'sessionDirectories',
  checkpoints: 'checkpoints',
  mapreduce: 'mapreduces',
  'job-state': 'jobs',
  mapping: 'mappings',
  'event-directory': 'events',
  'event-file': 'eventFiles',
  'dead-letters': 'deadLetters',
  log: 'logs',
  worktree: 'worktrees',
  'worktree-metadata': 'metadata',
  lock: 'locks',
} as const;

type Lists = { [P in keyof typeof lists]: Survey[(typeof lists)[P]][number][] };

/** The disk has so many requests at a time, when it has to be waited for. */
const threadsAhead = 4;

/** Reads both roots in one pass: each directory is listed once, each small file opened once. */
export async function survey(roots: readonly string[]): Promise<Survey> {
  const ahead = new ReadAhead(threadsAhead);
  try {
    return await readSurvey(roots, ahead);
  } finally {
    await ahead.close();
  }
}

async function readSurvey(roots: readonly string[], ahead: ReadAhead): Promise<Survey> {
  const places = findPlaces(roots, ahead);
  const oddities = [...places.oddities];
  const blind = [...places.blind];
  const byPlace: Lists = {
    'session-file': [],
    'session-directory': [],
    checkpoints: [],
    mapreduce: [],
    'job-state': [],
    mapping: [],
    'event-directory': [],
    'event-file': [],
    'dead-letters': [],
    log: [],
    worktree: [],
    'worktree-metadata': [],
    lock: [],
  };
  const reach = ahead.follow(places.found.length, (index) => {
    const found = places.found[index];
    return found === undefined ? undefined : aimAt(found);
  });
  const small = logsFound();
  const entries = await mapEach(places.found, readsAtOnce, async (found, index) => {
    reach(index);
    if (found === undefined) return isFiled;
    // What is read says more, and there may be a hundred thousand.
    places.found[index] = undefined;
    const { root, path } = found;
    if (found.place.type === 'session-file' && found.type === 'file') {
      const id = found.place.session;
      // Opened, it shows itself: a look before that would be one call more for each of ten thousand.
      const reading = await readSession(path, id);
      const { seen } = reading.state === 'absent' ? {} : reading;
      if (seen !== undefined) {
        const entry = { root, path, seen, link: undefined, id, reading };
        return () => byPlace['session-file'].push(entry);
      }
    }
    const looked = see(path);
    if (looked.isErr()) {
      // Its name is known and nothing else: as if the directory it lies in could not be listed.
      oddities.push(looked.error);
      blind.push(blindAt(found, looked.error));
    }
    const seen = looked.unwrapOr(undefined);
    // Gone since it was listed, or not to be seen: not an item.
    if (seen === undefined) return isFiled;
    const link: Doubt | undefined =
      seen.identity.type === 'symlink'
        ? { reason: 'symlink', detail: 'a symbolic link, not followed', path }
        : undefined;
    return readPlace(byPlace, found, { root, path, seen, link }, small);
  });
  // Results arrive in any order and are filed in that of the listing.
  for (const file of entries) file();
  return {
    roots,
    sessions: byPlace['session-file'],
    sessionDirectories: byPlace['session-directory'],
    checkpoints: byPlace.checkpoints,
    mapreduces: byPlace.mapreduce,
    jobs: byPlace['job-state'],
    mappings: byPlace.mapping,
    events: byPlace['event-directory'],
    eventFiles: byPlace['event-file'],
    deadLetters: byPlace['dead-letters'],
    logs: byPlace.log,
    worktrees: byPlace.worktree,
    metadata: byPlace['worktree-metadata'],
    locks: byPlace.lock,
    sizes: knownSizes(byPlace),
    blind,
    oddities,
  };
}

function knownSizes(lists: Lists): Map<string, Size> {
  const sizes = new Map<string, Size>();
  const note = ({ path }: At, size: Size | undefined): void => {
    if (size !== undefined) sizes.set(path, size);
  };
  const files = [lists['session-file'], lists.mapping, lists['event-file'], lists['worktree-metadata']];
  for (const entry of files.flat()) note(entry, sizeOf([entry.seen]));
  for (const entry of lists.mapreduce) note(entry, sizeOf([entry.seen]));
  for (const entry of lists.checkpoints) note(entry, entry.folder.size);
  for (const entry of lists['session-directory']) note(entry, entry.tree.size);
  for (const entry of lists['job-state']) note(entry, entry.state.size);
  for (const entry of lists['event-directory']) note(entry, entry.files.size);
  for (const entry of lists['dead-letters']) note(entry, entry.letters.size);
  return sizes;
}

/** What of it {@link readPlace} will read, where there may be many of them. */
function aimAt({ path, place }: PlaceFound): Aim | undefined {
  switch (place.type) {
    case 'session-file':
    case 'mapping':
    case 'worktree-metadata':
      return { as: 'file', path };
    case 'log':
      return { as: 'head', path };
    case 'checkpoints':
    case 'job-state':
    case 'event-directory':
    case 'dead-letters':
      return { as: 'directory', path };
    default:
      return undefined;
  }
}

const isFiled = (): void => undefined;

/** Reads what lies there. @returns how to file it */
async function readPlace(
  into: Lists,
  { place }: PlaceFound,
  at: At,
  small: (log: LogEntry) => LogEntry,
): Promise<() => void> {
  const { path, seen } = at;
  switch (place.type) {
    case 'session-file': {
      const entry = { ...at, id: place.session, reading: await readSession(path, place.session) };
      return () => into['session-file'].push(entry);
    }
    case 'session-directory': {
      const entry = { ...at, id: place.session, ...(await readSessionDirectory(seen)) };
      return () => into['session-directory'].push(entry);
    }
    case 'checkpoints': {
      const { root, link } = at;
      const { holder } = place;
      // Written out: a copy that is added to takes three times as long, and there is one of each session.
      const entry = { root, path, seen, link, holder, folder: await readCheckpointFolder(seen) };
      return () => into.checkpoints.push(entry);
    }
    case 'mapreduce':
      return () => into.mapreduce.push({ ...at, holder: place.holder });
    case 'job-state': {
      const state = await readJobState(seen, place.job);
      return () => into['job-state'].push({ ...at, holder: place.holder, job: place.job, state });
    }
    case 'mapping': {
      const entry = {
        ...at,
        holder: place.holder,
        name: place.name,
        reading: await readMapping(path, place.name),
      };
      return () => into.mapping.push(entry);
    }
    case 'event-directory': {
      const files = readEventFiles(seen);
      return () => into['event-directory'].push({ ...at, holder: place.holder, name: place.name, files });
    }
    case 'event-file':
      return () => into['event-file'].push({ ...at, name: place.name, lastRecordMs: lastRecordMs(seen) });
    case 'dead-letters': {
      const letters = await readDeadLetters(seen);
      return () => into['dead-letters'].push({ ...at, holder: place.holder, job: place.job, letters });
    }
    case 'log': {
      const { root, link } = at;
      const { holder, name } = place;
      // Nothing is waited for, so the order is that of the listing already; and written out, entries share their shape.
      into.log.push(small({ root, path, seen, link, holder, name, cwd: workingDirectoryOfLog(path) }));
      return isFiled;
    }
    case 'worktree': {
      const signs = await readWorktreeSigns(seen);
      return () => into.worktree.push({ ...at, holder: place.holder, name: place.name, signs });
    }
    case 'worktree-metadata': {
      const reading = await readWorktreeMetadata(path, place.name);
      return () => into['worktree-metadata'].push({ ...at, holder: place.holder, name: place.name, reading });
    }
    case 'lock':
      return () => into.lock.push({ ...at, id: place.id });
  }
}

/** `sessions/<id>/`: at most one checkpoint is known there; newer layouts are left to newer readers. */
async function readSessionDirectory(
  directory: Seen,
): Promise<{ readonly tree: Tree; readonly hasCheckpoint: boolean; readonly doubts: readonly Doubt[] }> {
  const tree = readTree(
    directory,
    (segments, type) => type === 'file' && segments.length === 1 && segments[0] === 'checkpoint.json',
  );
  const doubts = [...tree.doubts];
  const [checkpoint] = tree.files;
  if (checkpoint !== undefined) {
    const { doubt } = await readCheckpoint(checkpoint.path);
    if (doubt !== undefined) doubts.push(doubt);
  }
  return { tree, hasCheckpoint: checkpoint !== undefined, doubts };
}
