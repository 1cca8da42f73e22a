import test, { type ExecutionContext } from 'ava';
import type { Event } from '../../src/journal/event.ts';
import type { RemovalIntended } from '../../src/journal/event-removal.ts';
import type { RunStarted } from '../../src/journal/event-run.ts';
import type { Command } from '../../src/run/command.ts';
import { decide } from '../../src/run/decide.ts';
import { evolve, newRun, withPlannedItems, type Run } from '../../src/run/run.ts';

const started: RunStarted = {
  type: 'RunStarted',
  command: 'clean',
  argv: ['--logs'],
  dryRun: false,
  scope: { allRepositories: true, repositories: [], roots: ['/r'], kinds: ['logs'] },
  policy: {
    nowMs: 10,
    retentionMs: { events: 1, logs: 1, dlq: 1, state: 1, sessions: 1, worktrees: 1 },
    cutoffMs: { events: 9, logs: 9, dlq: 9, state: 9, sessions: 9, worktrees: 9 },
    windowMs: 5,
    mergedOnly: false,
    hash: 'abc',
  },
  actor: { user: 'u', uid: 1, host: 'h', pid: 2, terminal: false },
};
const { type: _, ...startedBody } = started;
const dry: RunStarted = { ...started, dryRun: true };
const planned: Event = { type: 'RunPlanned', plan: 'p', items: 1, bytes: 7 };
const confirmed: Event = { type: 'RunConfirmed', plan: 'p', how: 'force', items: 1, bytes: 7 };
const completed = { outcome: 'completed' as const, exitCode: 0, totals: {} };

const intent = (item: string): RemovalIntended => ({
  type: 'RemovalIntended',
  item,
  kind: 'logs',
  name: item,
  root: '/r',
  bytes: 7,
  files: 1,
  reason: 'expired',
  proof: 'orphan',
  mode: 'quarantine',
  moves: [],
  holdMs: 0,
  attempt: 1,
  locks: [],
});
const intended = (item: string): Event => intent(item);

function given(
  t: ExecutionContext,
  ...events: readonly Event[]
): { when(command: Command): { yields(...expected: readonly Event[]): void; isRefused(why: string): void } } {
  const run: Run = withPlannedItems(events.reduce(evolve, newRun), ['logs:/a', 'logs:/b']);
  return {
    when: (command) => {
      const decision = decide(command, run);
      return {
        yields: (...expected) =>
          void t.deepEqual(decision.isOk() ? decision.value : decision.error, expected),
        isRefused: (why) => void t.is(decision.isErr() ? decision.error.type : 'allowed', why),
      };
    },
  };
}

const begin = (item: string): Command => ({ type: 'BeginRemoval', intent: intent(item) });

test('a run begins once', (t) => {
  given(t).when({ type: 'StartRun', started: startedBody }).yields(started);
  given(t, started).when({ type: 'StartRun', started: startedBody }).isRefused('run-already-started');
});

test('nothing is removed before the run is confirmed', (t) => {
  given(t, started).when(begin('logs:/a')).isRefused('run-not-confirmed');
  given(t, started, planned).when(begin('logs:/a')).isRefused('run-not-confirmed');
  given(t, started, planned, confirmed).when(begin('logs:/a')).yields(intended('logs:/a'));
});

test('after confirmation only what was shown may go', (t) => {
  given(t, started, planned, confirmed).when(begin('logs:/never-shown')).isRefused('item-not-planned');
});

test('a dry run can neither be confirmed nor remove anything', (t) => {
  given(t, dry, planned).when({ type: 'ConfirmRun', how: 'force' }).isRefused('dry-run');
  given(t, dry, planned).when(begin('logs:/a')).isRefused('dry-run');
});

test('an item is not begun twice, unless it failed and may be tried again', (t) => {
  const failed = (retryable: boolean): Event => ({
    type: 'ItemFailed',
    item: 'logs:/a',
    code: 'EXDEV',
    path: '/a',
    attempt: 1,
    retryable,
  });
  const begun = [started, planned, confirmed, intended('logs:/a')];
  given(t, ...begun)
    .when(begin('logs:/a'))
    .isRefused('item-already-under-way');
  given(t, ...begun, failed(false))
    .when(begin('logs:/a'))
    .isRefused('item-already-under-way');
  given(t, ...begun, failed(true))
    .when(begin('logs:/a'))
    .yields(intended('logs:/a'));
});

test('consent is to the plan that was shown, with its numbers', (t) => {
  given(t, started).when({ type: 'ConfirmRun', how: 'prompt' }).isRefused('run-not-planned');
  given(t, started, planned).when({ type: 'ConfirmRun', how: 'force' }).yields(confirmed);
  const told = { notUndoable: ['ELOOP /a'], undoMs: 5, undoBytes: 9 };
  given(t, started, planned)
    .when({ type: 'ConfirmRun', how: 'force', ...told })
    .yields({ ...confirmed, ...told });
});

test('a run that was declined, refused or completed does nothing more', (t) => {
  const ends: readonly Event[] = [
    { type: 'RunDeclined', how: 'answer' },
    { type: 'RunRefused', rule: 'no-terminal', detail: {} },
    { type: 'RunCompleted', ...completed },
  ];
  for (const end of ends) {
    given(t, started, planned, confirmed, end).when(begin('logs:/a')).isRefused('run-ended');
    given(t, started, planned, end).when({ type: 'ConfirmRun', how: 'force' }).isRefused('run-ended');
    given(t, started, end).when({ type: 'EndRun', completed }).isRefused('run-ended');
  }
});

test('a question is answered only after the plan', (t) => {
  given(t, started).when({ type: 'DeclineRun', how: 'answer' }).isRefused('run-not-planned');
  given(t, started, planned)
    .when({ type: 'DeclineRun', how: 'timeout' })
    .yields({ type: 'RunDeclined', how: 'timeout' });
});

test('a safety rule may refuse a run until it is confirmed', (t) => {
  const refuse: Command = { type: 'RefuseRun', refused: { rule: 'clock-behind', detail: {} } };
  given(t).when(refuse).isRefused('run-not-started');
  given(t, started).when(refuse).yields({ type: 'RunRefused', rule: 'clock-behind', detail: {} });
  given(t, started, planned).when(refuse).yields({ type: 'RunRefused', rule: 'clock-behind', detail: {} });
  given(t, started, planned, confirmed).when(refuse).isRefused('run-not-planned');
});

test('what was found is recorded before the plan, the plan once', (t) => {
  const scan: Command = { type: 'RecordScan', events: [planned] };
  given(t).when(scan).isRefused('run-not-started');
  given(t, started).when(scan).yields(planned);
  given(t, started, planned).when(scan).isRefused('run-already-planned');
  const total: Event = { type: 'RunPlanned', plan: 'p', items: 0, bytes: 0 };
  const plan: Command = { type: 'RecordPlan', pieces: [], planned: { plan: 'p', items: 0, bytes: 0 } };
  given(t, started).when(plan).yields(total);
  given(t, started, planned).when(plan).isRefused('run-already-planned');
});

test('a long plan is recorded in pieces, before it counts as planned', (t) => {
  const [first, second] = [0, 1].map((piece) => ({ plan: 'p', piece, pieces: 2, items: [] }));
  t.truthy(first && second);
  if (first === undefined || second === undefined) return;
  const list: Command = { type: 'ListPlan', pieces: [first] };
  given(t).when(list).isRefused('run-not-started');
  given(t, started)
    .when(list)
    .yields({ type: 'PlanRecorded', ...first });
  given(t, started, { type: 'PlanRecorded', ...first })
    .when({ type: 'RecordPlan', pieces: [second], planned: { plan: 'p', items: 257, bytes: 514 } })
    .yields({ type: 'PlanRecorded', ...second }, { type: 'RunPlanned', plan: 'p', items: 257, bytes: 514 });
  given(t, started, planned).when(list).isRefused('run-already-planned');
});
