import { cpSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readAnchor } from '../../src/journal/anchor.ts';
import type { Entry } from '../../src/journal/entry.ts';
import { readIdentity } from '../../src/journal/identity.ts';
import { checkAnchor, genesisOf, inspect, verifySpan } from '../../src/journal/inspect.ts';
import { databasePath } from '../../src/journal/layout.ts';
import { Fold, readerOf, spanOf } from '../../src/journal/reader.ts';
import { openStore, type Store } from '../../src/journal/store.ts';
import type { JournalFailure } from '../../src/model/failure.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import type { Violation } from './suite.ts';
import { swiftDirectory } from './swift-directory.ts';

export type ReadJournal = {
  /** `undefined` where no journal was ever born. */
  readonly journalId: string | undefined;
  readonly entries: readonly Entry[];
  readonly violations: readonly Violation[];
};

/**
 * J1 and the stored half of J10, from a copy that is made elsewhere: the world is not touched, not even swept. To be
 * called while nobody writes.
 */
export async function readJournal(directory: string): Promise<ReadJournal> {
  const identity = await readIdentity(directory);
  if (identity.isErr()) return unreadable(identity.error);
  if (!existsSync(databasePath(directory))) {
    if (identity.value === undefined) return { journalId: undefined, entries: [], violations: [] };
    return {
      journalId: undefined,
      entries: [],
      violations: [j1('identity.json is there, the database is not')],
    };
  }
  return swiftDirectory(tmpdir(), async (scratch) => {
    const copy = join(scratch, 'db');
    // LevelDB's own log is of no use, and its lock is the writer's.
    cpSync(databasePath(directory), copy, {
      recursive: true,
      filter: (path) => !/^LO(CK|G.*)$/.test(basename(path)),
    });
    const store = await openStore(copy, { create: false });
    if (store.isErr()) return unreadable(store.error);
    try {
      return await readStore(store.value, directory, identity.value?.journalId);
    } finally {
      await store.value.close();
    }
  });
}

async function readStore(store: Store, path: string, known: string | undefined): Promise<ReadJournal> {
  const genesis = genesisOf(store);
  if (genesis.isErr()) return unreadable(genesis.error);
  const journalId = known ?? genesis.value?.journalId;
  if (journalId === undefined) return unreadable('it does not begin with its birth');
  const inspected = await inspect(store, path, journalId);
  if (inspected.isErr()) return unreadable(inspected.error);
  const { state, segments } = inspected.value;
  const readable = { store, path, journalId, state: () => state, segments };
  const violations: Violation[] = [];

  const whole = await verifySpan(store, spanOf(readable), 0);
  if (whole.isErr()) violations.push(j1(tell(whole.error)));
  const anchor = await readAnchor(path);
  if (anchor.isErr()) violations.push(j1(tell(anchor.error)));
  else {
    const anchored = checkAnchor(store, spanOf(readable), anchor.value);
    if (anchored.isErr()) violations.push(j1(`anchor.json: ${tell(anchored.error)}`));
  }

  const reader = readerOf(readable);
  const entries: Entry[] = [];
  for await (const entry of reader.entries()) {
    if (entry.isErr()) violations.push(j1(tell(entry.error)));
    else entries.push(entry.value);
  }
  violations.push(...sequenceOf(entries));
  if (violations.length === 0) {
    for (const projection of inlineProjections) {
      const fold = new Fold(projection);
      for (const entry of entries) fold.add(entry);
      const { rows } = fold;
      const isStored = state.rows[projection.name]?.version === projection.version;
      if (!isStored) violations.push(j10(`no rows of ${projection.name} are stored`));
      const stored = await reader.rows(projection);
      if (stored.isErr()) {
        violations.push(j10(`the rows of ${projection.name} cannot be read: ${tell(stored.error)}`));
        continue;
      }
      for (const key of new Set([...rows.keys(), ...stored.value.keys()])) {
        if (!isDeepStrictEqual(asStored(rows.get(key)), stored.value.get(key)))
          violations.push(j10(`row ${projection.name} ${key} is not what the entries say`));
      }
    }
  }
  return { journalId, entries, violations };
}

/** Numbers without a gap, ids without a twin. */
function sequenceOf(entries: readonly Entry[]): Violation[] {
  const violations: Violation[] = [];
  const ids = new Set<string>();
  for (const [index, { seq, id }] of entries.entries()) {
    if (seq !== index) {
      violations.push(j1(`entry ${seq} stands where ${index} should`));
      break;
    }
    if (ids.has(id)) violations.push(j1(`entry ${seq} has the id of an earlier one: ${id}`));
    ids.add(id);
  }
  return violations;
}

function asStored(row: unknown): unknown {
  return row === undefined ? undefined : JSON.parse(JSON.stringify(row));
}

function unreadable(failure: JournalFailure | string): ReadJournal {
  const detail = typeof failure === 'string' ? failure : tell(failure);
  return { journalId: undefined, entries: [], violations: [j1(detail)] };
}

function tell(failure: JournalFailure): string {
  return JSON.stringify(failure);
}

function j1(detail: string): Violation {
  return { rule: 'J1', detail };
}

function j10(detail: string): Violation {
  return { rule: 'J10', detail };
}
