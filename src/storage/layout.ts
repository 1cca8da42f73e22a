import type { FileType } from '../model/item.ts';
import { looksLikeArchivedEvents, looksLikeEvents, looksLikeJob } from './names.ts';

/**
 * What a path below a storage root is (PRODIGY-STORAGE 1.2). `holder` is the name at the second level: a repository, or
 * the session whose worktree the run worked in (PRODIGY-STORAGE 2).
 */
export type Place =
  /** Listed, never an item itself. */
  | { readonly type: 'container' }
  /** Known and left alone. */
  | { readonly type: 'ignored' }
  /** Not known and left alone: an oddity. */
  | { readonly type: 'unknown' }
  | { readonly type: 'session-file'; readonly session: string }
  | { readonly type: 'session-directory'; readonly session: string }
  | { readonly type: 'checkpoints'; readonly holder: string }
  /** A container; an item when it is empty and a session's. */
  | { readonly type: 'mapreduce'; readonly holder: string }
  | { readonly type: 'job-state'; readonly holder: string | undefined; readonly job: string }
  | { readonly type: 'mapping'; readonly holder: string; readonly name: string }
  | { readonly type: 'event-directory'; readonly holder: string | undefined; readonly name: string }
  | { readonly type: 'event-file'; readonly name: string }
  | { readonly type: 'dead-letters'; readonly holder: string | undefined; readonly job: string }
  | { readonly type: 'log'; readonly holder: string; readonly name: string }
  | { readonly type: 'worktree'; readonly holder: string; readonly name: string }
  | { readonly type: 'worktree-metadata'; readonly holder: string; readonly name: string }
  | { readonly type: 'lock'; readonly id: string };

const container: Place = { type: 'container' };
const ignored: Place = { type: 'ignored' };
const unknown: Place = { type: 'unknown' };

/** Pseudo names at the second level, which a repository may have as well. */
const archiveName = 'archive';
const reduceName = 'reduce_checkpoints';

/**
 * Classifies the path made of `segments` below a root.
 *
 * @param type - as listed; a link is classified as what it stands in place of, and is for the caller to doubt
 * @param children - names inside, for directories whose meaning depends on it: `events/*` and `dlq/*`
 */
export function classify(
  segments: readonly string[],
  type: FileType,
  children: readonly { readonly name: string; readonly type: FileType }[] = [],
): Place {
  const [top = '', ...rest] = segments;
  if (segments.at(-1) === '.DS_Store') return ignored;
  if (type === 'other') return unknown;
  if (rest.length === 0) return topLevel(top, type);
  switch (top) {
    case 'sessions':
      return inSessions(rest, type);
    case 'state':
      return inState(rest, type);
    case 'events':
      return inEvents(rest, type, children);
    case 'events_archive':
      return inOldArchive(rest, type);
    case 'dlq':
      return inDeadLetters(rest, type, children);
    case 'logs':
      return inLogs(rest, type);
    case 'worktrees':
      return inWorktrees(rest, type);
    case 'resume_locks':
      return rest.length === 1 && isNamed(rest[0], '.lock')
        ? { type: 'lock', id: stem(rest[0], '.lock') }
        : unknown;
    default:
      return unknown;
  }
}

/** Containers at the top whose contents say what is alive or resumable: without them nothing can be judged. */
export const vitalContainers: readonly string[] = ['sessions', 'state', 'worktrees', 'resume_locks'];

export const containers: ReadonlySet<string> = new Set([
  ...vitalContainers,
  'events',
  'events_archive',
  'dlq',
  'logs',
]);
const leftAlone = new Set(['clean', 'templates', 'orphaned_worktrees', 'locks', '.health_check']);

function topLevel(name: string, type: FileType): Place {
  if (containers.has(name)) return type === 'file' ? unknown : container;
  if (leftAlone.has(name)) return ignored;
  return name.startsWith('config.') ? ignored : unknown;
}

function inSessions([name = '', ...rest]: readonly string[], type: FileType): Place {
  if (rest.length > 0 || name.startsWith('.')) return unknown;
  // Whatever bears a record's name: a directory is one that cannot be read.
  if (isNamed(name, '.json')) {
    return { type: 'session-file', session: stem(name, '.json') };
  }
  return type === 'file' ? unknown : { type: 'session-directory', session: name };
}

function inState([holder = '', ...rest]: readonly string[], type: FileType): Place {
  const [second = '', third, fourth] = rest;
  const isDirectory = type !== 'file';
  if (rest.length === 0) return isDirectory ? container : unknown;
  if (rest.length === 1) {
    if (!isDirectory) return unknown;
    if (second === 'checkpoints') return { type: 'checkpoints', holder };
    if (second === 'mapreduce') return { type: 'mapreduce', holder };
    if (second === 'jobs' || second === 'mappings') return container;
    if (holder === reduceName && isPlain(second))
      return { type: 'job-state', holder: undefined, job: second };
    return looksLikeJob(second) ? { type: 'job-state', holder, job: second } : unknown;
  }
  if (rest.length === 2 && third !== undefined) {
    if (second === 'mapreduce')
      return isDirectory && (third === 'jobs' || third === 'dlq') ? container : unknown;
    if (second === 'jobs' && isDirectory && isPlain(third)) return { type: 'job-state', holder, job: third };
    if (second === 'mappings' && isNamed(third, '.json')) {
      return { type: 'mapping', holder, name: stem(third, '.json') };
    }
  }
  if (rest.length === 3 && second === 'mapreduce' && fourth !== undefined && isDirectory && isPlain(fourth)) {
    return third === 'jobs'
      ? { type: 'job-state', holder, job: fourth }
      : { type: 'dead-letters', holder, job: fourth };
  }
  return unknown;
}

function inEvents(
  [holder = '', name, ...rest]: readonly string[],
  type: FileType,
  children: readonly { readonly name: string; readonly type: FileType }[],
): Place {
  if (rest.length > 0) return unknown;
  if (name === undefined) {
    if (type === 'file') return unknown;
    // Older releases: the second level is the job, and its files lie right there.
    const isOld = isOldJob(holder, children, looksLikeEvents);
    return isOld ? { type: 'event-directory', holder: undefined, name: holder } : container;
  }
  if (type !== 'directory' && holder === archiveName && looksLikeArchivedEvents(name)) {
    return { type: 'event-file', name };
  }
  return type !== 'file' && isPlain(name) ? { type: 'event-directory', holder, name } : unknown;
}

function inOldArchive([name = '', ...rest]: readonly string[], type: FileType): Place {
  if (rest.length > 0 || !isPlain(name)) return unknown;
  if (type === 'directory') return { type: 'event-directory', holder: undefined, name };
  return looksLikeArchivedEvents(name) || looksLikeEvents(name) ? { type: 'event-file', name } : unknown;
}

function inDeadLetters(
  [holder = '', job, ...rest]: readonly string[],
  type: FileType,
  children: readonly { readonly name: string; readonly type: FileType }[],
): Place {
  if (type === 'file' || rest.length > 0) return unknown;
  if (job === undefined) {
    const isOld = isOldJob(holder, children, (name) => name.endsWith('.json'));
    return isOld ? { type: 'dead-letters', holder: undefined, job: holder } : container;
  }
  return isPlain(job) ? { type: 'dead-letters', holder, job } : unknown;
}

function inLogs([holder = '', name, ...rest]: readonly string[], type: FileType): Place {
  if (name === undefined) return type !== 'file' ? container : unknown;
  if (rest.length > 0 || type === 'directory' || !isNamed(name, '.jsonl')) return unknown;
  return { type: 'log', holder, name };
}

function inWorktrees([holder = '', name, file, ...rest]: readonly string[], type: FileType): Place {
  if (name === undefined) return type !== 'file' ? container : unknown;
  if (file === undefined) {
    if (name === '.metadata') return type === 'file' ? unknown : container;
    if (name === '.gitignore') return ignored;
    return type !== 'file' && isPlain(name) ? { type: 'worktree', holder, name } : unknown;
  }
  if (name !== '.metadata' || rest.length > 0 || type === 'directory') return unknown;
  if (file === 'cleanup.log' || file.endsWith('.json.tmp')) return ignored;
  return isNamed(file, '.json') ? { type: 'worktree-metadata', holder, name: stem(file, '.json') } : unknown;
}

/** A directory that is the job itself, not one that holds jobs: its files lie right in it. */
function isOldJob(
  name: string,
  children: readonly { readonly name: string; readonly type: FileType }[],
  isFileOfJob: (name: string) => boolean,
): boolean {
  if (children.length === 0) return looksLikeJob(name);
  const isFlat = children.every((child) => child.type === 'file');
  return isFlat && name !== archiveName && children.some((child) => isFileOfJob(child.name));
}

/** Hidden names are nobody's we know; except at the second level, where `.dotfiles` is a repository. */
function isPlain(name: string): boolean {
  return name !== '' && !name.startsWith('.');
}

function isNamed(name: string | undefined, suffix: string): boolean {
  return name !== undefined && name.length > suffix.length && name.endsWith(suffix) && isPlain(name);
}

function stem(name: string | undefined, suffix: string): string {
  return name === undefined ? '' : name.slice(0, -suffix.length);
}
