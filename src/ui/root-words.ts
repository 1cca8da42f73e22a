import type { RootFailure } from '../model/failure.ts';
import { unreachable } from '../model/invariant.ts';
import type { Explanation } from './explain.ts';
import { printable } from './format.ts';

/** Why a directory is not taken for a storage root, and where to point instead. */
export function explainRoot({ variable, value, why }: RootFailure): Explanation {
  const shown = value === undefined ? '' : ` '${printable(value)}'`;
  const set = { next: `set ${variable} to an absolute path` };
  switch (why) {
    case 'unset':
      return { sentence: `${variable} is not set: there is no telling where the storage is.`, ...set };
    case 'empty':
      return { sentence: `${variable} is set but empty: that could mean any directory.`, ...set };
    case 'relative':
      return { sentence: `${variable}${shown} is not an absolute path.`, ...set };
    case 'filesystem-root':
      return { sentence: `${variable}${shown} leads to the root of the file system: refused.`, ...set };
    case 'home-itself':
      return { sentence: `${variable}${shown} is the home directory itself: refused.`, ...set };
    case 'symlink':
      return {
        sentence: `The storage root${shown} is a symbolic link, and links are not followed.`,
        next: 'set PRODIGY_HOME to the directory it leads to',
      };
    case 'own-symlink':
      return {
        sentence: `The directory${shown} is a symbolic link, and links are not followed: what is written there would lie outside the storage.`,
        next: 'put the directory itself in its place; a journal may lie elsewhere, by PRODIGY_CLEAN_JOURNAL_DIR',
      };
    case 'not-a-directory':
      return { sentence: `The storage root${shown} is not a directory.`, ...set };
    case 'not-prodigy':
      return {
        sentence: `${shown.trim()} is not a Prodigy storage: it holds none of worktrees, sessions, state, events, dlq, logs.`,
        next: `set ${variable} to Prodigy's directory, or unset it`,
      };
    case 'unreadable':
      return { sentence: `The storage root${shown} cannot be read.`, next: 'check its permissions' };
    default:
      return unreachable(why);
  }
}
