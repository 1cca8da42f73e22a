import type { SpentBranch } from '../model/branch.ts';
import type { Identity } from '../model/item.ts';
import type { Move, WorktreeRegistration } from './event-removal.ts';
import type { ActorContext, KindTotals, PlannedItem, RunActor, RunPolicy } from './event-run.ts';
import type { RunScope, Tally } from './event-run.ts';
import type { ItemKept } from './event-verdict.ts';
import type { Event, EventOf, EventType } from './event.ts';
import { checkOf } from './shape.ts';
import type { AnyShape, Check, Fields, Shape } from './shape.ts';

const tally = { items: 'number', bytes: 'number' } as const satisfies Shape<Tally>;

const identity = {
  dev: 'string',
  ino: 'string',
  type: 'string',
  mtimeNs: 'string',
  birthtimeNs: 'string',
  size: 'number',
} as const satisfies Record<keyof Identity, string>;

const part = { path: 'string', identity, stamp: ['maybe', 'string'] } as const;

const scope = {
  allRepositories: 'boolean',
  repositories: ['list', { name: 'string', gitDir: ['maybe', 'string'] }],
  roots: ['list', 'string'],
  kinds: ['list', 'string'],
  mapreduceOnly: ['maybe', 'boolean'],
  jobId: ['maybe', 'string'],
} as const satisfies Shape<RunScope>;

const policy = {
  nowMs: 'number',
  retentionMs: ['map', 'number'],
  cutoffMs: ['map', 'number'],
  windowMs: 'number',
  mergedOnly: 'boolean',
  deleteMergedBranches: ['maybe', 'boolean'],
  insisted: ['maybe', 'boolean'],
  keepLast: ['maybe', 'number'],
  freeBytes: ['maybe', 'number'],
  maxDelete: ['maybe', 'string'],
  hash: 'string',
} as const satisfies Shape<RunPolicy>;

const context = { name: 'string', id: ['maybe', 'string'] } as const satisfies Shape<ActorContext>;

const actor = {
  user: 'string',
  uid: 'number',
  effectiveUid: ['maybe', 'number'],
  sudoUser: ['maybe', 'string'],
  sudoUid: ['maybe', 'number'],
  host: 'string',
  pid: 'number',
  parent: ['maybe', 'string'],
  parentPid: ['maybe', 'number'],
  boot: ['maybe', { id: 'string', upMs: 'number' }],
  terminal: 'boolean',
  ci: ['maybe', context],
  agent: ['maybe', context],
  tool: ['maybe', 'string'],
} as const satisfies Shape<RunActor>;

const judged = {
  item: 'string',
  kind: 'string',
  name: 'string',
  path: 'string',
  repository: ['maybe', 'string'],
  bytes: ['maybe', 'number'],
  agedFromMs: ['maybe', 'number'],
  evidence: 'flat',
  reason: 'string',
} as const satisfies Fields<ItemKept>;

const spent = { ref: 'string', commit: 'string', into: 'string' } as const satisfies Shape<SpentBranch>;

const planned = {
  item: 'string',
  bytes: 'number',
  head: ['maybe', 'string'],
  parts: ['list', part],
  deletes: ['maybe', ['list', spent]],
} as const satisfies Record<keyof PlannedItem, unknown>;

const move = {
  role: 'string',
  path: 'string',
  identity,
  to: 'string',
  keptAt: ['maybe', 'string'],
} as const satisfies Record<keyof Move, unknown>;

const registration = {
  mainGitDir: 'string',
  adminDir: 'string',
  branch: ['maybe', 'string'],
  head: 'string',
  pointers: [
    'maybe',
    { gitFile: 'string', gitdir: 'string', commondir: 'string', sparse: ['maybe', 'string'] },
  ],
  settings: ['maybe', ['list', { name: 'string', keptAt: 'string' }]],
} as const satisfies Shape<WorktreeRegistration>;

const kindTotals = {
  before: tally,
  scanned: 'number',
  kept: 'number',
  condemned: 'number',
  removed: tally,
  held: tally,
  failed: 'number',
  drifted: 'number',
} as const satisfies Shape<KindTotals>;

const segment = { segment: 'number', to: 'number', lastHash: 'string', sha256: 'string' } as const;

/** What every event must carry, by its type: complete, or it does not compile. */
export const eventShapes: { readonly [T in EventType]: Fields<EventOf<T>> } = {
  JournalCreated: { journalId: 'string', format: 'number', host: 'string' },
  RunStarted: {
    command: 'string',
    argv: ['list', 'string'],
    dryRun: 'boolean',
    scope,
    policy,
    actor,
    resumeOf: ['maybe', 'string'],
    applies: ['maybe', 'string'],
  },
  ItemKept: judged,
  ItemCondemned: { ...judged, proof: 'string' },
  ScanCompleted: {
    kind: 'string',
    found: tally,
    condemned: tally,
    kept: ['map', tally],
    outOfScope: 'number',
    durationMs: 'number',
    digest: 'string',
  },
  OddityFound: { reason: 'string', detail: 'string', path: ['maybe', 'string'] },
  PlanRecorded: { plan: 'string', piece: 'number', pieces: 'number', items: ['list', planned] },
  RunPlanned: { plan: 'string', ...tally, notUndoable: ['maybe', ['list', 'string']] },
  RunConfirmed: {
    plan: 'string',
    how: 'string',
    ...tally,
    notUndoable: ['maybe', ['list', 'string']],
    undoMs: ['maybe', 'number'],
    undoBytes: ['maybe', 'number'],
  },
  RunDeclined: { how: 'string' },
  RunRefused: { rule: 'string', detail: 'flat' },
  RemovalIntended: {
    item: 'string',
    kind: 'string',
    name: 'string',
    root: 'string',
    repository: ['maybe', 'string'],
    bytes: 'number',
    files: 'number',
    reason: 'string',
    proof: 'string',
    mode: 'string',
    moves: ['list', move],
    holdMs: 'number',
    undoMs: ['maybe', 'number'],
    attempt: 'number',
    locks: ['list', 'string'],
    worktree: ['maybe', registration],
    deletes: ['maybe', ['list', spent]],
    snapshot: ['maybe', { ref: 'string' }],
  },
  SnapshotTaken: { item: 'string', ref: 'string', commit: 'string' },
  ItemQuarantined: {
    item: 'string',
    recovered: ['maybe', 'boolean'],
    heldUntilMs: ['maybe', 'number'],
    bytes: ['maybe', 'number'],
  },
  ItemDrifted: { item: 'string', reason: 'string', evidence: 'flat' },
  ItemVanished: { item: 'string' },
  ItemFailed: {
    item: 'string',
    code: 'string',
    syscall: ['maybe', 'string'],
    path: 'string',
    detail: ['maybe', 'string'],
    attempt: 'number',
    retryable: 'boolean',
    goesOn: ['maybe', 'boolean'],
  },
  PutBackBlocked: { item: 'string', path: 'string', code: 'string' },
  PurgeStarted: { item: 'string', why: 'string' },
  PurgeBlocked: {
    item: 'string',
    paths: ['list', 'string'],
    codes: ['list', 'string'],
    blocked: 'number',
    detail: ['maybe', 'string'],
    attempt: 'number',
  },
  ItemRemoved: { item: 'string', bytes: 'number', files: 'number', observed: ['maybe', 'string'] },
  BranchDeleted: {
    item: 'string',
    branch: 'string',
    commit: 'string',
    into: 'string',
    observed: ['maybe', 'string'],
  },
  BranchKept: { item: 'string', branch: 'string', commit: 'string', reason: 'string' },
  UndoIntended: { item: 'string', name: 'string' },
  UndoExpired: { item: 'string', why: 'string' },
  ItemRestored: { item: 'string', why: 'string' },
  RenameRedone: { item: 'string' },
  PurgeRedone: { item: 'string' },
  QuarantineOrphanFound: { path: 'string' },
  StaleLockReplaced: { path: 'string', pid: 'number', acquiredAt: 'string' },
  HoldPlaced: { target: 'string', name: 'string', reason: 'string', untilMs: ['maybe', 'number'] },
  SessionAbandoned: { target: 'string', name: 'string', reason: 'string' },
  PinReleased: { target: 'string', name: 'string' },
  RunCompleted: {
    outcome: 'string',
    exitCode: 'number',
    totals: ['map', kindTotals],
    freeBefore: ['maybe', 'number'],
    freeAfter: ['maybe', 'number'],
  },
  RunInterrupted: { interrupted: 'string', by: 'string' },
  ReserveReleased: { bytes: 'number' },
  ReserveRestored: { bytes: 'number' },
  JournalMoved: { from: 'string', to: 'string', why: 'string' },
  ClockWentBack: { lastAtMs: 'number', nowMs: 'number' },
  TailTruncatedDetected: { anchorSeq: 'number', headSeq: 'number' },
  SegmentSealed: { ...segment, from: 'number' },
  SegmentRetired: segment,
  JournalMigrated: {
    from: 'number',
    to: 'number',
    count: 'number',
    oldHead: 'string',
    newHead: 'string',
  },
  JournalRepaired: {
    lost: 'number',
    headSeq: 'number',
    damaged: ['maybe', 'string'],
    salvaged: ['maybe', 'string'],
    salvagedEntries: ['maybe', 'number'],
    salvagedSha256: ['maybe', 'string'],
  },
};

const checks = new Map<string, Check>(
  Object.entries(eventShapes as Readonly<Record<string, AnyShape>>).map(([type, shape]) => [
    type,
    checkOf(shape),
  ]),
);

/** What is wrong with the fields of an event of `type`; `undefined` when nothing is. */
export function wrongIn(type: string, data: unknown): string | undefined {
  const check = checks.get(type);
  return check === undefined ? `unknown event type ${JSON.stringify(type)}` : check(data);
}

/** `data` as an event, after {@link wrongIn} found nothing. */
export function toEvent(type: string, data: Readonly<Record<string, unknown>>): Event {
  return { type, ...data } as unknown as Event;
}
