import type { Oddity, PlaceOddity, RecordOddity, RegistrationOddity } from '../model/oddity.ts';
import { nothingToDo, type Finding, type Words } from './finding.ts';
import { printable } from './format.ts';
import { wordsOfJournal } from './oddity-words-journal.ts';
import { wordsOfLock, wordsOfOwn } from './oddity-words-own.ts';
import { quoted } from './run-line.ts';

/** What is told of an oddity: in words, and with what it is and where. */
export function findingOf(oddity: Oddity): Finding {
  const { type, path } = oddity;
  return { ...wordsOf(oddity), type, path };
}

function wordsOf(oddity: Oddity): Words {
  switch (oddity.type) {
    case 'unknown-name':
    case 'unreadable':
    case 'container-link':
    case 'item-link':
    case 'unknown-link':
    case 'not-writable':
    case 'not-ours':
    case 'root-link':
    case 'root-refused':
      return wordsOfPlace(oddity);
    case 'record-broken':
    case 'metadata-without-worktree':
    case 'checkpoints-without-session':
    case 'worktree-without-record':
    case 'session-without-worktree':
      return wordsOfRecord(oddity);
    case 'registration-without-worktree':
    case 'worktree-unregistered':
    case 'worktree-without-git':
      return wordsOfRegistration(oddity);
    case 'lock-stale':
    case 'lock-foreign':
    case 'lock-broken':
    case 'run-lock-stale':
    case 'run-lock-respected':
    case 'lock-aside':
    case 'scratch':
      return wordsOfLock(oddity);
    case 'journal-unread':
    case 'journal-tail-missing':
    case 'journal-anchor-differs':
    case 'journal-anchor-unreadable':
    case 'journal-segment-missing':
    case 'journal-away':
    case 'reserve-missing':
    case 'identity-missing':
    case 'anchor-missing':
      return wordsOfJournal(oddity);
    default:
      return wordsOfOwn(oddity);
  }
}

const nothingJudged = 'nothing at all can be judged without it: everything stays';
const leftAlone = 'it is left alone, whatever it is';

function wordsOfPlace(oddity: PlaceOddity): Words {
  const path = quoted(oddity.path);
  switch (oddity.type) {
    case 'unknown-name':
      return {
        sort: 'unknown',
        severity: 'info',
        detail: printable(oddity.detail),
        matters: `${leftAlone}; no run removes it, no number counts it`,
        next: `${nothingToDo}; see what it is: ls -lad ${path}`,
      };
    case 'unreadable':
      return {
        sort: 'unreadable',
        severity: oddity.vital === true ? 'problem' : 'warning',
        detail: `it cannot be read: ${printable(oddity.detail)}`,
        matters: oddity.vital === true ? nothingJudged : 'what is in it is not known, and stays',
        next: `see who may read it: ls -lad ${path}`,
      };
    case 'container-link':
      return {
        sort: 'links',
        severity: oddity.vital ? 'problem' : 'warning',
        detail: 'a symbolic link in the place of a directory of the storage',
        matters: `no link is followed: ${oddity.vital ? nothingJudged : 'what it leads to is not looked at'}`,
        next: `see where it leads, and put the directory itself there: ls -ld ${path}`,
      };
    case 'item-link':
    case 'unknown-link':
      return {
        sort: 'links',
        severity: 'info',
        detail: oddity.type === 'item-link' ? 'a symbolic link in the place of an item' : 'a symbolic link',
        matters: 'it is not followed: what it leads to is never touched, and it stays',
        next: `${nothingToDo}; see where it leads: ls -ld ${path}`,
      };
    case 'not-writable':
      return {
        sort: 'unreadable',
        severity: 'warning',
        detail: 'nothing in it can be changed: it is not writable',
        matters: 'what is in it cannot be removed, only looked at',
        next: `chmod u+rwx ${path}`,
      };
    case 'not-ours':
      return {
        sort: 'unreadable',
        severity: 'warning',
        detail: `it belongs to user ${oddity.owner}, perhaps since something was run with sudo`,
        matters: 'what is in it cannot be removed by you',
        next: `sudo chown -R "$USER" ${path}`,
      };
    case 'root-link':
      return {
        sort: 'root',
        severity: 'info',
        detail: `the storage root is a symbolic link to ${printable(oddity.target)}`,
        matters:
          'it is worked on only because PRODIGY_HOME names what it leads to; without that it is refused',
        next: `${nothingToDo} as long as PRODIGY_HOME is set`,
      };
    case 'root-refused':
      return {
        sort: 'root',
        severity: 'problem',
        detail: printable(oddity.detail),
        matters: 'every command refuses it, and nothing in it was looked at',
        next: oddity.next ?? nothingToDo,
      };
  }
}

function wordsOfRecord(oddity: RecordOddity): Words {
  const path = quoted(oddity.path);
  const sort = 'records';
  switch (oddity.type) {
    case 'record-broken':
      return {
        sort,
        severity: 'warning',
        detail: `it is not understood: ${printable(oddity.detail)}`,
        matters: 'in doubt it stays, with all that belongs to it, whatever its age',
        next: `prodigy clean why ${path}`,
      };
    case 'metadata-without-worktree':
      return {
        sort,
        severity: 'info',
        detail: 'metadata of a worktree that is not there',
        matters: 'it is a few hundred bytes; no run removes it, for it goes with its worktree only',
        next: `${nothingToDo}; when nobody misses the worktree: rm ${path}`,
      };
    case 'checkpoints-without-session':
      return {
        sort,
        severity: 'info',
        detail: 'checkpoints that belong to no session',
        matters: 'nobody can tell what they would resume: they stay',
        next: `${nothingToDo}; see what they are: ls -la ${path}`,
      };
    case 'worktree-without-record':
      return {
        sort,
        severity: 'info',
        detail: `a worktree of which no session's record speaks: ${printable(oddity.session)}`,
        matters: 'it goes by its own age and proof, and what it was made for is not known',
        next: `${nothingToDo}; what is known of it: prodigy clean why ${path}`,
      };
    case 'session-without-worktree': {
      const { session, status, isResumable } = oddity;
      return {
        sort,
        severity: isResumable ? 'warning' : 'info',
        detail: `it says ${status}, and its worktree is gone`,
        matters: isResumable
          ? 'Prodigy will not resume it without, and it stays for ever as something that could be resumed'
          : 'there is nothing to resume: its record goes by age',
        next: isResumable
          ? `prodigy clean abandon ${quoted(session)} --reason 'its worktree is gone'`
          : nothingToDo,
      };
    }
  }
}

function wordsOfRegistration(oddity: RegistrationOddity): Words {
  const sort = 'git';
  const path = quoted(oddity.path);
  switch (oddity.type) {
    case 'registration-without-worktree':
      return wordsOfStale(oddity);
    case 'worktree-unregistered':
      return {
        sort,
        severity: 'warning',
        detail: oddity.isRepositoryGone
          ? 'the repository that it belongs to is not there'
          : `git does not know it as a worktree: ${printable(oddity.detail)}`,
        matters: oddity.isRepositoryGone
          ? 'nothing says that its commits exist anywhere else: it stays'
          : 'nothing of it can be proven: it stays',
        next: `prodigy clean why ${path}`,
      };
    case 'worktree-without-git':
      return {
        sort,
        severity: 'info',
        detail: `a directory in the place of a worktree that is none: ${printable(oddity.detail)}`,
        matters: leftAlone,
        next: `${nothingToDo}; what is known of it: prodigy clean why ${path}`,
      };
  }
}

function wordsOfStale({
  mainGitDir,
  registered,
  branch,
  detachedAt,
  isLocked,
}: Extract<RegistrationOddity, { type: 'registration-without-worktree' }>): Words {
  const git = `git --git-dir=${quoted(mainGitDir)}`;
  const where = quoted(registered);
  const words = {
    sort: 'git',
    severity: 'warning',
    detail: `git has it registered as a worktree of ${printable(mainGitDir)}, and it is not there`,
  } as const;
  if (detachedAt !== undefined) {
    const short = detachedAt.slice(0, 12);
    return {
      ...words,
      matters: `its HEAD was detached at ${short}: git worktree prune would drop what may be the only name of that commit`,
      next: `${git} branch prodigy-rescued-${short} ${detachedAt}`,
    };
  }
  const kept = branch === undefined ? '' : `; its branch ${printable(branch)} would stay`;
  return isLocked
    ? {
        ...words,
        matters: `it is locked, so git keeps the registration: it may lie on a disk that is not mounted${kept}`,
        next: `${git} worktree unlock ${where}`,
      }
    : {
        ...words,
        matters: `git takes its branch for checked out; git worktree prune drops the registration, and all others of this repository whose directory is missing${kept}`,
        next: `this one alone: ${git} worktree remove ${where}`,
      };
}
