import { realpath } from 'node:fs/promises';
import { foreignQuarantines, oddQuarantine } from '../cleaners/odd-quarantine.ts';
import { oddSnapshots } from '../cleaners/odd-snapshots.ts';
import { lyingInPlace } from '../cleaners/quarantine-place.ts';
import { isVolatile } from '../disk/refuge.ts';
import { journalScratch, oddEnds } from '../journal/ends.ts';
import { withIntents } from '../journal/intents.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { JournalReader } from '../journal/journal.ts';
import { reserveSeen } from '../journal/reserve.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { Oddity, OwnOddity } from '../model/oddity.ts';
import { goneWorktrees, type GoneWorktree } from '../projections/gone-worktrees.ts';
import { keptSnapshots, type KeptSnapshot } from '../projections/kept-snapshots.ts';
import { openOperations, type WholeOperation } from '../projections/open-operations.ts';
import { explain } from '../ui/explain.ts';
import { journalPlace, openToRead } from './journal-access.ts';
import type { Shell } from './shell.ts';
import { unfinishedRuns } from './unfinished.ts';

/** What the journal says of things that are not in their place, and what is odd about itself. */
export type JournalSeen = {
  /** `undefined`: there is none, or none that can be read. */
  readonly journalId: string | undefined;
  readonly entries: number;
  readonly isDamaged: boolean;
  /** Operations that have not ended, but for those `inPlace`. */
  readonly open: readonly WholeOperation[];
  /** Ids of operations that hold something for undo, no worktree, which was seen where it is to lie. */
  readonly inPlace: ReadonlySet<string>;
  readonly gone: readonly GoneWorktree[];
  readonly kept: readonly KeptSnapshot[];
  readonly unfinished: readonly OwnOddity[];
  readonly odd: readonly Oddity[];
};

const nothing = { open: [], inPlace: new Set<string>(), gone: [], kept: [], unfinished: [] } as const;

/** Reads it at its ends only, and writes nothing. */
export async function lookAtJournal(shell: Pick<Shell, 'config'>): Promise<JournalSeen> {
  const opened = await openToRead(shell);
  if (opened.isErr()) {
    const isAbsent = opened.error.type === 'journal-absent';
    const odd = isAbsent ? [] : [unread(opened.error, shell)];
    return { journalId: undefined, entries: 0, isDamaged: !isAbsent, ...nothing, odd };
  }
  await using reader = opened.value;
  const odd: Oddity[] = [...(await oddEnds(reader)), ...(await oddPlace(shell))];
  const rows = await rowsOf(reader, shell.config.roots);
  if ('failure' in rows) odd.push(unread(rows.failure, shell));
  const isDamaged = odd.some(({ type }) => damages.has(type));
  const { seq } = reader.head;
  return {
    journalId: reader.journalId,
    entries: seq + 1,
    isDamaged,
    ...('failure' in rows ? nothing : rows),
    odd,
  };
}

const damages: ReadonlySet<string> = new Set<Oddity['type']>([
  'journal-unread',
  'journal-tail-missing',
  'journal-anchor-differs',
  'journal-anchor-unreadable',
  'journal-segment-missing',
]);

function unread(failure: JournalFailure, { config }: Pick<Shell, 'config'>): Oddity {
  const { sentence, next } = explain(failure);
  const path = 'path' in failure ? failure.path : config.journalDirectory;
  return { type: 'journal-unread', path, detail: sentence, next };
}

/** Where it lies, and what lies beside it. */
async function oddPlace(shell: Pick<Shell, 'config'>): Promise<readonly Oddity[]> {
  const { journalDirectory } = shell.config;
  const home = await realpath(journalDirectory).catch(() => journalDirectory);
  const place = await journalPlace(shell);
  if (place !== home)
    return [{ type: 'journal-away', path: place, home, isVolatile: await isVolatile(place) }];
  const { isWhole, isRoomy } = await reserveSeen(home);
  const scratch = (await journalScratch(home)).map((path) => ({ type: 'scratch', path }) as const);
  return isWhole ? scratch : [...scratch, { type: 'reserve-missing', path: home, isRoomy }];
}

type Rows = Pick<JournalSeen, 'open' | 'inPlace' | 'gone' | 'kept' | 'unfinished'>;

async function rowsOf(
  reader: JournalReader,
  roots: readonly string[],
): Promise<Rows | { readonly failure: JournalFailure }> {
  const liesInPlace = lyingInPlace(roots, reader.journalId);
  const inPlace = new Set<string>();
  // Of a hundred thousand that are held the intents are not read.
  const others = await keptOfRows(reader, openOperations, (row) => {
    const isSettled = row.heldUntilMs !== undefined && liesInPlace(row);
    if (isSettled) inPlace.add(row.op);
    return isSettled ? undefined : row;
  });
  if (others.isErr()) return { failure: others.error };
  const open = await withIntents(reader, others.value);
  if (open.isErr()) return { failure: open.error };
  const gone = await reader.rows(goneWorktrees);
  if (gone.isErr()) return { failure: gone.error };
  const kept = await reader.rows(keptSnapshots);
  if (kept.isErr()) return { failure: kept.error };
  const runs = await unfinishedRuns(reader, undefined);
  const unfinished = runs.unwrapOr([]).map(({ run, startedAtMs }) => {
    return { type: 'run-unfinished', path: reader.directory, run, startedAtMs } as const;
  });
  return {
    open: open.value,
    inPlace,
    gone: [...gone.value.values()],
    kept: [...kept.value.values()],
    unfinished,
  };
}

/** Where journal and disk disagree, and what has not come to its end. Only while no run is under way. */
export async function compareWithDisk(
  seen: JournalSeen,
  gitDirs: readonly string[],
  { config, clock }: Pick<Shell, 'config' | 'clock'>,
): Promise<readonly Oddity[]> {
  const { journalId, open, inPlace, gone, kept, unfinished, isDamaged } = seen;
  // What a journal that cannot be read knows is not known: nothing is held against it.
  if (journalId === undefined) return isDamaged ? [] : foreignQuarantines(config.roots, undefined);
  const openIds = new Set(inPlace);
  for (const { op } of open) openIds.add(op);
  return [
    ...unfinished,
    ...openOddities(open, gone),
    ...(await oddQuarantine({ journalId, open, inPlace, gone }, config.roots, clock())),
    ...(await oddSnapshots(gitDirs, kept, gone, openIds)),
  ];
}

/** What is held for undo is not odd. */
function openOddities(open: readonly WholeOperation[], gone: readonly GoneWorktree[]): readonly OwnOddity[] {
  const waiting = open.filter(
    ({ state, heldUntilMs }) => state !== 'quarantined' || heldUntilMs === undefined,
  );
  const main = ({ intent }: Pick<WholeOperation, 'intent'>): string =>
    intent.moves.find(({ role }) => role === 'main')?.path ?? intent.root;
  return [
    ...waiting.map((operation): OwnOddity => {
      const { item, state, run } = operation;
      return { type: 'operation-open', path: main(operation), item, state, run };
    }),
    ...gone
      .filter(({ undo }) => undo !== undefined)
      .map((row): OwnOddity => ({ type: 'undo-open', path: main(row), item: row.intent.item })),
  ];
}
