import { err, ok } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import { addTo } from '../model/groups.ts';
import type { JournalFailure } from '../model/failure.ts';
import { damaged, later, toJournalFailure } from './journal-failure.ts';
import { firstFrom } from './level-block.ts';
import type { Bounds, Stretch } from './level-block.ts';
import { changesOfBatch, recordsOf } from './level-log.ts';
import type { LiveTable, Manifest } from './level-manifest.ts';
import { merged, toBytes } from './level-merge.ts';
import type { Source } from './level-merge.ts';
import { TableFile } from './level-table-file.ts';
import type { OpenTable } from './level-table-file.ts';
import type { KeyRange, StoreReader } from './store.ts';

/** A database as it was at one moment, read where it lies. */
export type InPlace = StoreReader & {
  /** Whether every byte of its tables is what was written, of use or not. */
  check(): ResultAsync<void, JournalFailure>;
  /** Hands it to another thread, which reads the same as here; till `giveBack` is called, files stay open. */
  lend(): { readonly lent: Lent; readonly giveBack: () => void };
  close(): Promise<void>;
};

/** A database that is open, as a message. */
export type Lent = {
  readonly path: string;
  readonly logs: ReadonlyMap<number, Uint8Array>;
  readonly counting: Pick<Manifest, 'logNumber' | 'previousLog'>;
  readonly tables: readonly OpenTable[];
};

/** The files of one database at one moment. */
export type Found = {
  readonly logs: ReadonlyMap<number, Buffer>;
  readonly manifest: Pick<Manifest, 'logNumber' | 'previousLog'>;
  readonly tables: TableFile[];
};

export function closeAll(tables: readonly TableFile[]): void {
  for (const file of tables) file.close();
}

/** Reads what was lent; its files are for the lender to close. */
export function borrowed({ path, logs, counting, tables }: Lent): StoreReader {
  const bytes = new Map<number, Buffer>();
  // What comes with a message is no Buffer any more.
  for (const [number, log] of logs)
    bytes.set(number, Buffer.from(log.buffer, log.byteOffset, log.byteLength));
  return storeOf({ logs: bytes, manifest: counting, tables: tables.map((one) => new TableFile(one)) }, path);
}

/** Reads what `logs` and `tables` hold together; the files are closed with it. */
export function storeOf({ logs, manifest, tables }: Found, path: string): InPlace {
  const memory = stretchOfLogs(logs, manifest);
  const cached = blockCache();
  // What is being read is not closed meanwhile: its number may be another file's the next moment.
  let reading = 0;
  let isClosed = false;
  const settle = (): void => {
    if (!isClosed || reading > 0) return;
    closeAll(tables.splice(0));
  };
  return {
    get: (key) => {
      if (isClosed) return err({ type: 'journal-dead', path });
      try {
        return ok(newestOf(toBytes(key), memory, tables, cached)?.toString('utf8'));
      } catch (error) {
        return err(failureOf(error, path));
      }
    },
    pages: async function* (range, reverse = false) {
      if (isClosed) return yield err({ type: 'journal-dead', path });
      reading += 1;
      try {
        const bounds = boundsOf(range);
        const sources = sourcesOf(memory, tables, bounds, reverse);
        for await (const page of merged(sources, bounds, reverse, range.limit ?? Infinity))
          if (page.length > 0) yield ok(page);
      } catch (error) {
        yield err(failureOf(error, path));
      } finally {
        reading -= 1;
        settle();
      }
    },
    check: () =>
      later(async () => {
        reading += 1;
        try {
          const room = { buffer: Buffer.alloc(0) };
          for (const file of tables) await file.check(room);
          return ok(undefined);
        } catch (error) {
          return err(failureOf(error, path));
        } finally {
          reading -= 1;
          settle();
        }
      }),
    lend: () => {
      reading += 1;
      const { logNumber, previousLog } = manifest;
      return {
        lent: { path, logs, counting: { logNumber, previousLog }, tables: tables.map(({ open }) => open) },
        giveBack: () => {
          reading -= 1;
          settle();
        },
      };
    },
    close: async () => {
      isClosed = true;
      settle();
    },
  };
}

const cachedBlocks = 32;

/** Blocks that were read last. */
function blockCache(): (file: TableFile, at: number) => Stretch {
  const blocks = new Map<string, Stretch>();
  return (file, at) => {
    const name = `${file.table.number} ${at}`;
    const block = blocks.get(name) ?? file.blockNow(at);
    blocks.delete(name);
    blocks.set(name, block);
    // A map keeps the order in which it was filled.
    const [oldest] = blocks.keys();
    if (blocks.size > cachedBlocks && oldest !== undefined) blocks.delete(oldest);
    return block;
  };
}

function newestOf(
  key: string,
  memory: Stretch,
  tables: readonly TableFile[],
  cached: (file: TableFile, at: number) => Stretch,
): Buffer | undefined {
  const inMemory = firstFrom(memory.keys, key);
  if (memory.keys[inMemory] === key) return memory.valueAt(inMemory);
  let newest: ReturnType<TableFile['find']>;
  for (const file of tables) {
    if (file.table.smallest > key || file.table.largest < key) continue;
    const found = file.find(key, (at) => cached(file, at));
    if (found !== undefined && found.number >= (newest?.number ?? 0)) newest = found;
  }
  return newest?.value;
}

/** Damage is thrown as a `RangeError` that says of what. */
function failureOf(error: unknown, path: string): JournalFailure {
  return error instanceof RangeError
    ? damaged(path, undefined, error.message)
    : toJournalFailure(path, error);
}

/** What is not in a table yet. LevelDB forgives a damaged log; that nothing is missing is for the chain to say. */
function stretchOfLogs(logs: ReadonlyMap<number, Buffer>, manifest: Found['manifest']): Stretch {
  const newest = new Map<string, { readonly value: Buffer | undefined; readonly number: number }>();
  const counting = [...logs].filter(
    ([number]) => number >= manifest.logNumber || number === manifest.previousLog,
  );
  for (const [, bytes] of counting.sort(([one], [other]) => one - other)) {
    for (const batch of recordsOf(bytes, () => undefined)) {
      for (const { key, ...change } of changesIn(batch)) newest.set(key.toString('latin1'), change);
    }
  }
  const keys = [...newest.keys()].sort(compare);
  return {
    keys,
    numbers: keys.map((key) => newest.get(key)?.number ?? 0),
    valueAt: (index) => newest.get(keys[index] ?? '')?.value,
  };
}

function* changesIn(batch: Buffer): ReturnType<typeof changesOfBatch> {
  try {
    yield* changesOfBatch(batch);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** What is behind a key begins with that key and a zero. */
function boundsOf({ gte, lt, lte = '\u{10ffff}' }: KeyRange): Bounds {
  return { first: toBytes(gte), end: toBytes(lt ?? `${lte}\0`) };
}

/** Tables of level 0 may overlap; those of a deeper level are one after the other, and are read so. */
function sourcesOf(
  memory: Stretch,
  tables: readonly TableFile[],
  bounds: Bounds,
  reverse: boolean,
): readonly Source[] {
  const runs = new Map<string, TableFile[]>();
  for (const file of tables) {
    const { level, number, smallest, largest } = file.table;
    if (largest < bounds.first || smallest >= bounds.end) continue;
    const run = level === 0 ? `0 ${number}` : `${level}`;
    addTo(runs, run, file);
  }
  const sources = [...runs.values()].map((files) => {
    const sorted = files.sort((one, other) => inOrder(one.table, other.table));
    return oneAfterTheOther(reverse ? sorted.toReversed() : sorted, bounds, reverse);
  });
  return [alone(memory), ...sources];
}

function inOrder(one: LiveTable, other: LiveTable): number {
  return compare(one.smallest, other.smallest) || other.smallestNumber - one.smallestNumber;
}

async function* alone(stretch: Stretch): AsyncGenerator<Stretch> {
  yield Promise.resolve(stretch);
}

async function* oneAfterTheOther(
  files: readonly TableFile[],
  bounds: Bounds,
  reverse: boolean,
): AsyncGenerator<Stretch> {
  for (const file of files) yield* file.blocks(bounds, reverse);
}
