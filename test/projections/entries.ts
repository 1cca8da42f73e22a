import type { Draft, Entry } from '../../src/journal/entry.ts';
import type { Event } from '../../src/journal/event.ts';
import type { RemovalIntended } from '../../src/journal/event-removal.ts';
import type { RunStarted } from '../../src/journal/event-run.ts';
import type { KeyedProjection, Projection } from '../../src/journal/projection.ts';

/** Entries as a journal would make them: numbered from 0, a second apart. */
export function entriesOf(drafts: readonly Draft[]): readonly Entry[] {
  return drafts.map((draft, seq) => ({
    ...draft,
    seq,
    id: `id-${seq}`,
    atMs: seq * 1000,
    actor: { uid: 1, tool: '0' },
  }));
}

export function folded<State>(projection: Projection<State>, drafts: readonly Draft[]): State {
  let state = projection.initial();
  for (const entry of entriesOf(drafts)) state = projection.apply(state, entry);
  return state;
}

/** The rows after the entries; rows are frozen, so that changing one in place is noticed. */
export function rowsOf<Row>(projection: KeyedProjection<Row>, drafts: readonly Draft[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const entry of entriesOf(drafts)) {
    const key = projection.keyOf(entry);
    if (key === undefined) continue;
    const row = projection.apply(rows.get(key), entry);
    if (row === undefined) rows.delete(key);
    else rows.set(key, Object.freeze(row));
  }
  return rows;
}

export function inRun(run: string, ...events: readonly Event[]): readonly Draft[] {
  return events.map((event) => ({ run, event }));
}

/** The entry of an operation, which is called after its item and its run. */
export function inOp(run: string, name: string, event: Event): Draft {
  return { run, op: `op-${name}`, event };
}

const perKind = { events: 1, logs: 1, dlq: 1, state: 1, sessions: 1, worktrees: 1 };

export const started: RunStarted = {
  type: 'RunStarted',
  command: 'clean',
  argv: [],
  dryRun: false,
  scope: { allRepositories: true, repositories: [], roots: ['/root'], kinds: ['logs'] },
  policy: { nowMs: 0, retentionMs: perKind, cutoffMs: perKind, windowMs: 0, mergedOnly: false, hash: 'h' },
  actor: { user: 'u', uid: 1, host: 'here', pid: 1, terminal: false },
};

export function intended(name: string, bytes: number): RemovalIntended {
  return {
    type: 'RemovalIntended',
    item: `logs:/root/${name}`,
    kind: 'logs',
    name,
    root: '/root',
    bytes,
    files: 1,
    reason: 'expired',
    proof: 'expired-log',
    mode: 'quarantine',
    moves: [],
    holdMs: 0,
    attempt: 1,
    locks: [],
  };
}

export function removed(name: string, bytes: number): Event {
  return { type: 'ItemRemoved', item: `logs:/root/${name}`, bytes, files: 1 };
}

export function failed(name: string, retryable: boolean): Event {
  return { type: 'ItemFailed', item: `logs:/root/${name}`, code: 'EACCES', path: '/', attempt: 1, retryable };
}
