import { basename, dirname, join } from 'node:path';
import { unreachable } from '../model/invariant.ts';
import type { Item } from '../model/item.ts';
import { ownPlaceWords } from '../model/own-place.ts';
import type { Verdict } from '../model/reason.ts';
import { ageBasisMs, formatDuration } from '../policy/age.ts';
import type { Policy } from '../policy/retention.ts';
import { formatTime, printable } from './format.ts';
import { inRoot, quoted } from './run-line.ts';

/** What would let an item go: what somebody can do or wait for, and the command when there is one. */
export type Release = { readonly sentence: string; readonly command?: string; readonly afterMs?: number };

/** One next step for each reason: never a way around what protects somebody's work. */
export function releaseOf(item: Item, verdict: Verdict, policy: Policy): Release {
  if (verdict.type === 'remove') {
    return {
      sentence: 'nothing keeps it: a run would remove it',
      command: `prodigy clean --${item.kind} ${scopeFlag(item)}`,
    };
  }
  const owner = ownerOf(item, verdict);
  const session = owner?.type === 'session' ? owner.id : undefined;
  const nested = nestedIn(verdict);
  const git = `git -C ${quoted(nested ?? item.path)}`;
  switch (verdict.reason) {
    case 'active':
      return {
        sentence: `wait until ${owner === undefined ? 'its owner' : ownerText(owner)} has ended${signsIn(verdict)}`,
      };
    case 'resumable':
      return session === undefined
        ? { sentence: 'finish it with Prodigy, so that nothing of it waits to be resumed' }
        : {
            sentence: `let it finish (prodigy resume ${quoted(session)}), or give it up`,
            command: `prodigy clean abandon ${quoted(session)} --reason WHY`,
          };
    case 'held':
      return endOfHold(item, verdict);
    case 'merge-in-progress':
      return {
        sentence: 'let Prodigy finish the merge, or resolve it by hand',
        ...command(session, 'prodigy resume'),
      };
    case 'dirty':
      return { sentence: 'commit, or discard, what was changed', command: `${git} status` };
    case 'untracked':
      return {
        sentence: 'commit, move away or delete the untracked files',
        command: `${git} status --untracked-files=all`,
      };
    case 'precious':
      return {
        sentence: `move away or delete the ignored files that cannot be made again: ${printable(String(verdict.evidence['precious'] ?? ''))}`,
        command: `${git} status --ignored`,
      };
    case 'unmerged':
      return { sentence: 'merge its branch, or do without --merged-only' };
    case 'unreachable-commits':
      if (nested !== undefined) {
        return {
          sentence: `push what only the repository ${printable(nested)} has, or move it out of the worktree`,
          command: `${git} log --oneline --all --reflog --not --remotes`,
        };
      }
      if (verdict.evidence['doubt'] !== undefined) return byHand;
      return {
        sentence: 'give its commits a branch that stays',
        command: `${git} branch keep-${head(verdict)}`,
      };
    case 'nested-repository':
      return nestedRelease(item);
    case 'operation-in-progress':
      return {
        sentence: `finish or abort the ${printable(String(verdict.evidence['operation'] ?? 'operation'))} under way`,
        command: `${git} status`,
      };
    case 'has-worktree':
      return {
        sentence: 'it explains a worktree that stays: it goes when that goes',
        command: `prodigy clean why ${quoted(String(verdict.evidence['worktree'] ?? ''))}`,
      };
    case 'locked':
      return { sentence: 'unlock it', command: `${git} worktree unlock ${quoted(item.path)}` };
    case 'in-use':
      return usedRelease(verdict);
    case 'young':
      return ageRelease(item, policy);
    case 'too-recent': {
      const since = item.rest.type === 'ended' ? item.rest.atMs : item.youngestSignMs;
      const afterMs = since + policy.windowMs;
      return { sentence: `wait until ${formatTime(afterMs)}: activity this recent always keeps`, afterMs };
    }
    case 'dead-letters-pending':
      return {
        sentence: 'retry or purge its dead letters with Prodigy, or let what could retry them end',
        ...command(session, 'prodigy clean why'),
      };
    case 'unattributed':
      return {
        sentence: 'only a run over all repositories may take it',
        command: `prodigy clean --${item.kind} --all-repos`,
      };
    case 'mount-point':
      return { sentence: 'unmount what is mounted inside', command: `findmnt -R -T ${quoted(item.path)}` };
    case 'future-time':
      return { sentence: 'set the clock right, or wait until its time is past' };
    case 'retention-floor':
      return { sentence: 'lower the floor that keeps the newest, or wait for newer ones' };
    case 'not-in-plan':
      return {
        sentence: 'nothing but the plan that was carried out keeps it: a run would remove it',
        command: `prodigy clean --${item.kind} ${scopeFlag(item)}`,
      };
    case 'changed-since-decision':
      return { sentence: 'look at what was changed: the next run judges it as it is now' };
    case 'enough-freed':
      return { sentence: 'free more with --free, or do without it' };
    case 'unknown-format':
    case 'unreadable':
    case 'other-repository':
    case 'outside-root':
    case 'symlink':
      return byHand;
    default:
      return unreachable(verdict);
  }
}

function usedRelease({ evidence }: Verdict): Release {
  const { doubt } = evidence;
  const path = printable(String(evidence['path'] ?? ''));
  switch (doubt) {
    case ownPlaceWords.root:
      return {
        sentence: `move the storage root ${path} out of it, and set PRODIGY_HOME to where it lies then`,
      };
    case ownPlaceWords.journal:
    case ownPlaceWords['beside-journal']:
      return {
        sentence: `move the journal ${path} to a place that is not cleaned, and set PRODIGY_CLEAN_JOURNAL_DIR to it`,
      };
    case ownPlaceWords.quarantine:
      return { sentence: `put back or give up what is held in ${path}, or move the storage root` };
    case ownPlaceWords.here:
      return { sentence: 'run it from another directory' };
    case ownPlaceWords['other-root']:
      return { sentence: `nothing: what lies in the storage root ${path} is judged as what it is there` };
    default:
      return {
        sentence: `wait until this has ended: ${printable(String(evidence['process'] ?? doubt ?? ''))}`,
      };
  }
}

const byHand: Release = { sentence: 'look at it by hand: what is not understood is never removed' };

/** The repository inside that an objection is about. */
function nestedIn({ evidence: { doubt, path } }: Verdict): string | undefined {
  return String(doubt ?? '').startsWith('nested repository: ') && path !== undefined
    ? String(path)
    : undefined;
}

/** It was found clean. To unregister a submodule would do so for all worktrees: its directory is emptied instead. */
function nestedRelease({ path, detail }: Item): Release {
  const { nested = [], submodules = [], mainGitDir = '' } = detail.type === 'worktree' ? detail.facts : {};
  const [first] = nested;
  if (first === undefined) return byHand;
  const holds = `it holds another repository, ${printable(first)}, whose own objects would go with it`;
  const at = join(path, first);
  if (submodules.includes(first)) {
    return {
      sentence: `${holds}: when its remote has all that is needed of it, empty the directory of the submodule`,
      command: `find ${quoted(at)} -mindepth 1 -delete`,
    };
  }
  const beside = dirname(mainGitDir.replace(/(?<=.)\/\.git$/, ''));
  return {
    sentence: `${holds}: move it out of the worktree, or delete it when nothing in it is needed`,
    command: `mv -n ${quoted(at)} ${quoted(join(beside, `${basename(path)}-${basename(first)}`))}`,
  };
}

/** The hold can be on its session or job. */
function endOfHold(item: Item, verdict: Verdict): Release {
  const { heldIn } = verdict.evidence;
  const release = `prodigy clean release ${quoted(heldAs(item, verdict))}`;
  return typeof heldIn === 'string'
    ? {
        sentence: `end the hold, which is in the journal of ${printable(heldIn)}`,
        command: inRoot(heldIn, release),
      }
    : { sentence: 'end the hold', command: release };
}

function heldAs({ id }: Item, { evidence }: Verdict): string {
  return typeof evidence['owner'] === 'string' ? evidence['owner'] : id;
}

/** When it is old enough by itself, and the age with which it would be old enough today. */
function ageRelease(item: Item, { nowMs, retentionMs }: Policy): Release {
  const basisMs = ageBasisMs(item);
  const afterMs = basisMs + retentionMs[item.kind];
  const age = wholeAge(nowMs - basisMs);
  const sooner =
    age === undefined
      ? {}
      : { command: `prodigy clean --${item.kind} --older-than ${age} ${scopeFlag(item)}` };
  return {
    sentence: `wait until ${formatTime(afterMs)}, when it is older than ${formatDuration(retentionMs[item.kind])}${age === undefined ? '' : ', or ask for less'}`,
    ...sooner,
    afterMs,
  };
}

const hourMs = 3_600_000;

/** In whole days or hours, and less than it is: exactly the limit is not older. */
function wholeAge(ageMs: number): string | undefined {
  const hours = Math.ceil(ageMs / hourMs) - 1;
  if (hours < 1) return undefined;
  return hours >= 48 ? `${Math.floor(hours / 24)}d` : `${hours}h`;
}

function scopeFlag({ repository, attribution }: Item): string {
  if (repository === undefined || attribution === 'none' || attribution === 'ambiguous') return '--all-repos';
  const directory = repository.gitDir?.replace(/(?<=.)\/\.git$/, '');
  return `--repo ${quoted(directory ?? repository.name)}`;
}

type Owner = { readonly type: 'session' | 'job'; readonly id: string };

/** Who keeps it by the evidence, or else whose it is. */
function ownerOf(item: Item, { evidence }: Verdict): Owner | undefined {
  const told = typeof evidence['owner'] === 'string' ? [evidence['owner']] : [];
  for (const owner of [...told, ...item.owners]) {
    const [, type, id] = /^(session|job):(.+)$/s.exec(owner) ?? [];
    if ((type === 'session' || type === 'job') && id !== undefined) return { type, id };
  }
  return undefined;
}

/** Somebody's own shell that stands inside is such a sign, too. */
function signsIn({ evidence }: Verdict): string {
  return evidence['signs'] === undefined ? '' : `, and with it: ${printable(String(evidence['signs']))}`;
}

function ownerText({ type, id }: Owner): string {
  return `${type} ${printable(id)}`;
}

function command(session: string | undefined, words: string): { readonly command?: string } {
  return session === undefined ? {} : { command: `${words} ${quoted(session)}` };
}

function head({ evidence }: Verdict): string {
  return String(evidence['head'] ?? 'work').slice(0, 7);
}
