import type { Closed } from '../model/closed.ts';
import { printable } from './format.ts';

/** What an errno means, in words; from `EGIT` on they are ours. */
export const causes: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted (immutable, or owned by another user)',
  EBUSY: 'in use, or a mount point',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOTEMPTY: 'something was written into it meanwhile',
  EXDEV: 'it is on another file system',
  EIO: 'the disk reports an error',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'its name is too long',
  EGIT: 'git would not let go of it',
  EFOREIGN: 'something else lies in its place',
  ENOTKEPT: 'what was kept of it for undo is not there any more',
  ESNAPSHOT: 'what no commit holds could not be kept',
  ECONFLICT: 'something has taken its place, or its branch, meanwhile',
  ENOHOLD: 'it cannot be held for undo',
  EOUTSIDE: 'what is to go lies outside of the quarantine',
};

export function causeOf(code: string): string {
  return causes[code] ?? 'the system refused';
}

/** What is known of this failure says more than what is known of its errno. */
export function causeIn({
  code,
  detail,
}: {
  readonly code: string;
  readonly detail?: string | undefined;
}): string {
  return detail === undefined || detail === '' ? causeOf(code) : detail;
}

function dirnameOf(path: string): string {
  const end = path.replace(/\/+$/, '').lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

/** Failures that a directory can be the cause of, which nobody may write. */
const ofDirectories: ReadonlySet<string> = new Set(['EACCES', 'EGIT']);

/**
 * One next step for an errno, with the path it is about.
 *
 * @param closed - the directory that forbids it, where that was looked for
 * @param goOn - what to type when the cause is gone
 */
export function adviceFor(
  code: string,
  path: string,
  closed?: Closed,
  goOn: string = 'prodigy clean resume',
): string {
  const shown = printable(path);
  if (closed !== undefined && ofDirectories.has(code)) {
    const directory = `'${printable(closed.path)}'`;
    return closed.isOurs
      ? `open the directory: chmod u+rwx ${directory}, then ${goOn}`
      : `make the directory yours: sudo chown -R "$USER" ${directory}, then ${goOn}`;
  }
  switch (code) {
    case 'EACCES':
      // What forbids a removal is the directory around it.
      return `see who may write its directory: ls -ld '${printable(dirnameOf(path))}'; open it (chmod u+rwx) or make it yours (sudo chown "$USER"), then ${goOn}`;
    case 'EPERM':
      return `look at it with: lsattr -d '${shown}'; sudo chattr -R -i '${shown}' (or chown), then prodigy clean resume`;
    case 'EBUSY':
      return `see what uses it: findmnt -T '${shown}'; fuser -v '${shown}', then prodigy clean resume`;
    case 'EROFS':
      return 'remount it writable, then prodigy clean resume';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'free some space, then prodigy clean resume';
    case 'EGIT':
      return 'run git worktree list in the repository to see its state, then prodigy clean resume';
    case 'ESNAPSHOT':
      return `commit or take away what is in '${shown}', then prodigy clean again`;
    case 'ECONFLICT':
      return `look at '${shown}', and move what is in the way; then prodigy clean undo again`;
    case 'EFOREIGN':
    case 'EOUTSIDE':
      return `look at '${shown}': it was not touched`;
    case 'ENOHOLD':
      return 'the same prodigy clean again with --no-undo frees it at once';
    case 'ENOTKEPT':
      return `take what you need from '${shown}': nothing of it is freed`;
    default:
      return 'prodigy clean resume, once the cause is gone';
  }
}
