import { obstacleWords, type Obstacle } from '../model/obstacle.ts';
import type { LockOddity, OwnOddity } from '../model/oddity.ts';
import { nothingToDo, type Words } from './finding.ts';
import { formatCount, formatTime, printable } from './format.ts';
import { quoted } from './run-line.ts';

export function wordsOfLock(oddity: LockOddity): Words {
  const path = quoted(oddity.path);
  switch (oddity.type) {
    case 'lock-stale':
      return {
        sort: 'locks',
        severity: 'info',
        detail: `a resume lock whose process ${oddity.pid} is no more`,
        matters: 'it keeps nobody out: Prodigy and a run of this tool take it over',
        next: nothingToDo,
      };
    case 'lock-foreign':
      return {
        sort: 'locks',
        severity: 'info',
        detail: `a resume lock of another machine, ${printable(oddity.host)}, since ${timeText(oddity.since)}`,
        matters: 'nobody can tell from here whether it is alive: what it is for stays',
        next: `${nothingToDo}; when that machine does not work on this storage any more: rm ${path}`,
      };
    case 'lock-broken':
      return {
        sort: 'locks',
        severity: 'warning',
        detail: `a resume lock that cannot be understood: ${printable(oddity.detail)}`,
        matters: 'Prodigy will not resume what it is for, and no run removes it, until the lock is gone',
        next: `when no prodigy resume is under way: rm ${path}`,
      };
    case 'run-lock-stale':
      return {
        sort: 'locks',
        severity: 'info',
        detail:
          oddity.pid === undefined
            ? 'the lock of a run that was killed before it said whose it is'
            : `the lock of a run whose process ${oddity.pid} is no more`,
        matters: 'it keeps nobody out: the next run takes it over',
        next: nothingToDo,
      };
    case 'run-lock-respected':
      return {
        sort: 'locks',
        severity: 'problem',
        detail:
          oddity.host === undefined
            ? 'the lock of a run that cannot be understood'
            : `the lock of a run on another machine, or in a container, ${printable(oddity.host)}`,
        matters: 'it may be held: no run begins here as long as it is there (exit 11)',
        next: `when no prodigy clean is under way ${oddity.host === undefined ? 'here' : 'there'}: rm ${path}`,
      };
    case 'lock-aside':
      return {
        sort: 'locks',
        severity: 'warning',
        detail: 'a resume lock that a killed run had put aside',
        matters: 'somebody may hold it; the next run puts it back',
        next: 'prodigy clean resume',
      };
    case 'scratch':
      return {
        sort: 'scratch',
        severity: 'info',
        detail: 'left half-made by a process that is no more',
        matters: 'nobody reads it; a later run removes it',
        next: nothingToDo,
      };
  }
}

export function wordsOfOwn(oddity: OwnOddity): Words {
  const path = quoted(oddity.path);
  switch (oddity.type) {
    case 'part-missing':
    case 'part-foreign': {
      const item = printable(oddity.item);
      return {
        sort: 'quarantine',
        severity: 'problem',
        detail:
          oddity.type === 'part-missing'
            ? `the journal has ${item} here, and it is not`
            : `something else lies where the journal has ${item}`,
        matters: 'somebody else moved it: it cannot be put back from here',
        next: `prodigy clean why ${quoted(oddity.item)}`,
      };
    }
    case 'quarantine-unknown':
      return {
        sort: 'quarantine',
        severity: 'warning',
        detail: 'it was moved out of its place, and no open operation of the journal explains it',
        matters: 'it is not freed and not put back by any run: it may be the only copy of something',
        next: `see what it is: ls -la ${path}`,
      };
    case 'undo-unknown':
      return {
        sort: 'quarantine',
        severity: 'info',
        detail: 'kept for an undo, and nothing that can be undone needs it',
        matters: 'it is small, and no run removes it',
        next: `${nothingToDo}; see what it is: ls -la ${path}`,
      };
    case 'quarantine-unusable':
      return wordsOfUnusable(oddity);
    case 'quarantine-foreign':
      return {
        sort: 'quarantine',
        severity: 'warning',
        detail: `${formatCount(oddity.entries, 'entry', 'entries')} of another journal than the one here`,
        matters: 'only that journal knows what they are: no run frees them or puts them back',
        next: `find that journal (PRODIGY_CLEAN_JOURNAL_DIR, a backup), or see what they are: ls -la ${path}`,
      };
    case 'undo-missing':
      return {
        sort: 'quarantine',
        severity: 'warning',
        detail: `what was kept of ${printable(oddity.item)} for undo is gone`,
        matters: 'the worktree can be made again from git, but without its metadata',
        next: `prodigy clean why ${quoted(oddity.item)}`,
      };
    case 'snapshot-spent':
      return oddity.mayBeNeeded
        ? {
            sort: 'snapshots',
            severity: 'warning',
            detail: `${printable(oddity.ref)} keeps the work of ${printable(oddity.item)}, which was put back`,
            matters:
              'git may have lost what was staged there: a run makes it whole, and lets go of the snapshot',
            next: 'prodigy clean resume',
          }
        : {
            sort: 'snapshots',
            severity: 'info',
            detail: `${printable(oddity.ref)} keeps work that is back in its place, or past its time`,
            matters: 'the next run that takes something up lets go of it',
            next: nothingToDo,
          };
    case 'snapshot-unknown':
      return {
        sort: 'snapshots',
        severity: 'info',
        detail: `${printable(oddity.ref)} keeps work, and no operation of this journal needs it`,
        matters: 'it may be the last that has that work: no run lets go of it',
        next: `${nothingToDo}; see what it keeps: git --git-dir=${path} show --stat ${quoted(oddity.ref)}`,
      };
    case 'snapshot-missing': {
      const { ref, item, commit, isThere } = oddity;
      return {
        sort: 'snapshots',
        severity: 'problem',
        detail: `${printable(ref)} is gone, which keeps the work of ${printable(item)}`,
        matters: isThere
          ? 'git has the commit still, and frees it in time: undo needs it'
          : 'git has not got the commit any more: the worktree cannot be made again with that work',
        next: isThere
          ? `git --git-dir=${path} update-ref ${quoted(ref)} ${commit}`
          : `prodigy clean why ${quoted(item)}`,
      };
    }
    case 'operation-open':
      return {
        sort: 'operations',
        severity: 'warning',
        detail: `the removal of ${printable(oddity.item)} was begun and has not ended (${oddity.state})`,
        matters: 'nothing is lost; it is brought to its end, or put back, by whatever run comes next',
        next: 'prodigy clean resume',
      };
    case 'undo-open':
      return {
        sort: 'operations',
        severity: 'warning',
        detail: `the undo of ${printable(oddity.item)} was begun and has not ended`,
        matters: 'it is made again, whole, by whatever run comes next',
        next: 'prodigy clean resume',
      };
    case 'run-unfinished':
      return {
        sort: 'operations',
        severity: 'warning',
        detail: `run ${printable(oddity.run)} of ${formatTime(oddity.startedAtMs)} did not come to its end`,
        matters: 'nothing is lost; what it had been allowed to remove is judged again',
        next: `prodigy clean resume ${quoted(oddity.run)}`,
      };
  }
}

function timeText(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? printable(iso) : formatTime(ms);
}

type Unusable = Extract<OwnOddity, { readonly type: 'quarantine-unusable' }>;

function wordsOfUnusable({ obstacle, isAbove }: Unusable): Words {
  const isAllReadOnly = obstacle.code === 'EROFS' && isAbove;
  return {
    sort: 'quarantine',
    severity: 'warning',
    detail: printable(obstacleWords(obstacle)),
    matters: isAllReadOnly
      ? 'no run frees anything there as long as it is'
      : 'nothing can be held for undo there: a run says so before it asks, and frees at once',
    next: nextOfUnusable(obstacle, isAbove),
  };
}

function nextOfUnusable({ code, path }: Obstacle, isAbove: boolean): string {
  const shown = quoted(path);
  switch (code) {
    case 'EACCES':
      return `chmod u+rwx ${shown}`;
    case 'EPERM':
      return `sudo chown -R "$USER" ${shown}`;
    case 'EROFS':
      return `remount it writable; which file system it is: df ${shown}`;
    default:
      // What holds the storage itself, or the journal, is nobody's to move.
      return isAbove ? `see what it is: ls -ld ${shown}` : `look at it, and move it away: ls -ld ${shown}`;
  }
}
