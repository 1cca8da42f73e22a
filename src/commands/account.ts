import type { RunRecord } from '../cleaners/run-record.ts';
import type { Dropped } from '../cleaners/still-planned.ts';
import type { BranchDeleted, BranchKept } from '../journal/event-removal.ts';
import type { RunOutcome, Tally } from '../journal/event-run.ts';
import { closedBy } from '../disk/closed-by.ts';
import { least } from '../model/least.ts';
import { takenUpBy, totalsOf } from '../projections/run-account.ts';
import type { DocumentInput, ItemResult, ItemResultView } from '../ui/document.ts';
import type { FailureView, ResultView } from '../ui/result-text.ts';
import type { BranchView } from '../ui/view.ts';

export type Account = Pick<DocumentInput, 'totals' | 'results' | 'failures'> &
  Pick<ResultView, 'drifted' | 'heldUntilMs' | 'fromGit' | 'isAllOwn' | 'branches'> & {
    readonly remaining: number;
    readonly takenUp: Tally;
  };

/** What this run did, folded from what it journalled. */
export function accountOf({ account, run }: RunRecord): Account {
  const results = new Map<string, ItemResultView>();
  const branches: BranchView[] = [];
  const failures: FailureView[] = [];
  const drifted: { name: string; why: string }[] = [];
  const alike = resultsAlike();
  let heldUntilMs: number | undefined;
  const fromGit: number[] = [];
  let isAllOwn = true;
  let finished = 0;
  for (const [item, known] of account.items.entries()) {
    const { outcome, name, kind, failure, drift, heldUntilMs: until, undoUntilMs, earlier } = known;
    // What an earlier run had removed is that run's; here only its failure counts.
    if (earlier === 'expired' && outcome !== 'failed') continue;
    const isDrift = outcome === 'drifted' || outcome === 'vanished';
    const result: ItemResult = isDrift ? 'drifted' : outcome === 'under-way' ? 'remaining' : outcome;
    const own = (known.branches ?? []).map(branchView);
    branches.push(...own);
    const undoableUntilMs = outcome === 'removed' ? (until ?? undoUntilMs) : undefined;
    if (undoableUntilMs !== undefined && until === undefined) fromGit.push(undoableUntilMs);
    if (undoableUntilMs !== undefined && earlier !== undefined) isAllOwn = false;
    if (result !== 'remaining' && earlier !== 'undone') finished += 1;
    results.set(item, alike({ result, until, undoableUntilMs, own }));
    if (until !== undefined) heldUntilMs = Math.min(heldUntilMs ?? until, until);
    if (isDrift) drifted.push({ name: `${kind} ${name}`, why: drift ?? 'already gone, not by us' });
    if (failure !== undefined && outcome === 'failed') {
      const { code, path, detail } = failure;
      failures.push({ item, name, kind, code, path, detail, closed: closedBy(path) });
    }
  }
  const takenUp = takenUpBy(account);
  return {
    totals: totalsOf(account),
    results,
    failures,
    drifted,
    heldUntilMs,
    fromGit: { count: fromGit.length, untilMs: least(fromGit) },
    isAllOwn,
    branches,
    takenUp,
    remaining: Math.max(0, run().planned.items + takenUp.items - finished),
  };
}

type Outcome = {
  readonly result: ItemResult;
  readonly until: number | undefined;
  readonly undoableUntilMs: number | undefined;
  readonly own: readonly BranchView[];
};

/** What moved together is told alike: thousands of items share one result. */
function resultsAlike(): (outcome: Outcome) => ItemResultView {
  let last: { readonly of: Outcome; readonly view: ItemResultView } | undefined;
  return (of) => {
    const { result, until, undoableUntilMs, own } = of;
    if (own.length === 0 && last?.of.result === result && last.of.own.length === 0) {
      if (last.of.until === until && last.of.undoableUntilMs === undoableUntilMs) return last.view;
    }
    const view = {
      outcome: result,
      ...(until === undefined ? {} : { heldUntilMs: until }),
      ...(undoableUntilMs === undefined ? {} : { undoUntilMs: undoableUntilMs }),
      ...(own.length === 0 ? {} : { branches: own }),
    };
    last = { of, view };
    return view;
  };
}

/** With what stays of a plan although it was in it. */
export function withDropped(account: Account, dropped: readonly Dropped[]): Account {
  const results = new Map(account.results);
  for (const { item } of dropped) if (!results.has(item)) results.set(item, { outcome: 'drifted' });
  return { ...account, results, drifted: [...account.drifted, ...dropped] };
}

function branchView(event: BranchDeleted | BranchKept): BranchView {
  const { branch, commit } = event;
  return event.type === 'BranchDeleted'
    ? { branch, commit, outcome: 'deleted' }
    : { branch, commit, outcome: 'kept', reason: event.reason };
}

/** How a run that was not stopped by its journal ended. */
export function outcomeOf(account: Account, planned: number, isInterrupted: boolean): RunOutcome {
  if (isInterrupted) return 'interrupted';
  if (account.failures.length > 0) return 'partial';
  return planned === 0 && account.results.size === 0 ? 'nothing-to-do' : 'completed';
}
