import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readAnchor } from './anchor.ts';
import { chainHash, chainSeed, hashLength, sha256Of } from './chain.ts';
import { decodeEntry } from './codec.ts';
import { namesIn } from './durable.ts';
import type { Link } from './entry.ts';
import { readIdentity } from './identity.ts';
import { genesisIn } from './inspect.ts';
import type { Genesis } from './inspect.ts';
import { attempt, damaged } from './journal-failure.ts';
import { currentDatabase } from './layout.ts';
import { highHeadKey, lowHeadKey, seqOfKey } from './key.ts';
import { pairsOfLog } from './level-log.ts';
import { pairsOfTable } from './level-table.ts';
import type { RawPair } from './level-table.ts';
import { parseSegmentLine, segmentPath } from './segment.ts';
import type { Segment } from './segment.ts';
import { parseState } from './state.ts';
import type { State } from './state.ts';
import { supportedFormat } from './upcast.ts';
import type { StoredText } from './walk.ts';

/** What can still be read of a journal, whatever state its files are in. Nothing was touched for it. */
export type Salvaged = {
  readonly journalId: string;
  readonly genesis: Genesis | undefined;
  /** Sealed and whole, up to `base`. */
  readonly segments: readonly Segment[];
  readonly base: Link;
  /** What follows `base` without a gap, each entry by its hash. */
  readonly kept: readonly StoredText[];
  /** Entries behind the first hole: true, and no part of the chain any more. */
  readonly beyond: readonly StoredText[];
  /** The highest number that anything knows of. */
  readonly lastKnownSeq: number;
};

/**
 * Collects every entry that any file of the database still holds undamaged, by LevelDB's own checksums but without
 * LevelDB, which forgives, forgets and ends the process. The chain tells which of them follow each other.
 */
export async function salvage(directory: string): Promise<Result<Salvaged, JournalFailure>> {
  const raw = await attempt(directory, () => readRaw(directory));
  if (raw.isErr()) return err(raw.error);
  const { candidates, states } = raw.value;
  const identity = (await readIdentity(directory)).unwrapOr(undefined);
  const anchor = (await readAnchor(directory)).unwrapOr(undefined);
  const state = states.reduce<State | undefined>(
    (best, one) => (best === undefined || one.head.seq > best.head.seq ? one : best),
    undefined,
  );
  const first = await firstText(directory, candidates);
  const genesis = first === undefined ? undefined : genesisIn(first);
  // What checks itself, then what the chain begins with: a file of its own says so last.
  const journalId = state?.journalId ?? genesis?.journalId ?? identity?.journalId;
  if (journalId === undefined) return err(damaged(directory, undefined, 'nothing says whose journal it was'));

  const sealed = await sealedOnDisk(directory, journalId);
  const { segments, base, kept } = longest(candidates, sealed, state, journalId);
  if ((segments.at(-1)?.to ?? -1) !== base.seq) {
    const number = segments.length + 1;
    const detail = `segment ${number} is damaged or missing: only a backup of it can help`;
    return err(damaged(directory, (segments.at(-1)?.to ?? -1) + 1, detail));
  }
  const last = kept.at(-1) ?? base;
  const beyond = [...candidates]
    .filter(([seq]) => seq > last.seq)
    .sort(([a], [b]) => a - b)
    .flatMap(([seq, values]) => [...values].map((value) => toStored(seq, value)));
  const lastKnownSeq = Math.max(last.seq, anchor?.seq ?? -1, state?.head.seq ?? -1, beyond.at(-1)?.seq ?? -1);
  return ok({ journalId, genesis, segments, base, kept, beyond, lastKnownSeq });
}

/** By sequence number: every value that was found for it. A damaged one may hide an older one. */
type Candidates = ReadonlyMap<number, ReadonlySet<string>>;

async function readRaw(
  directory: string,
): Promise<{ readonly candidates: Candidates; readonly states: readonly State[] }> {
  const database = await currentDatabase(directory);
  const candidates = new Map<number, Set<string>>();
  const states: State[] = [];
  for (const name of await namesIn(database)) {
    for (const { key, value } of await pairsIn(join(database, name))) {
      if (value === undefined) continue;
      const seq = seqOfKey(key);
      if (seq !== undefined) {
        const values = candidates.get(seq) ?? new Set();
        candidates.set(seq, values.add(value));
      } else if (key === lowHeadKey || key === highHeadKey) {
        const state = parseState(value, supportedFormat);
        if (state !== undefined) states.push(state);
      }
    }
  }
  return { candidates, states };
}

async function pairsIn(path: string): Promise<Iterable<RawPair>> {
  if (/\.(ldb|sst)$/.test(path)) return pairsOfTable(await readFile(path));
  return path.endsWith('.log') ? pairsOfLog(await readFile(path)) : [];
}

async function firstText(directory: string, candidates: Candidates): Promise<string | undefined> {
  for (const value of candidates.get(0) ?? []) return value.slice(hashLength);
  const bytes = await readFile(segmentPath(directory, 1)).catch(() => undefined);
  const end = bytes?.indexOf('\n') ?? -1;
  return end < 1 ? undefined : parseSegmentLine(bytes?.toString('utf8', 0, end) ?? '')?.text;
}

/** The segments that follow from the seed without a break. */
async function sealedOnDisk(directory: string, journalId: string): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  let link: Link = { seq: -1, hash: chainSeed(journalId) };
  for (let segment = 1; ; segment += 1) {
    const bytes = await readFile(segmentPath(directory, segment)).catch(() => undefined);
    const last = bytes === undefined ? undefined : lastLink(bytes, link);
    if (bytes === undefined || last === undefined) return segments;
    segments.push({
      segment,
      from: link.seq + 1,
      to: last.seq,
      lastHash: last.hash,
      sha256: sha256Of(bytes),
    });
    link = last;
  }
}

/** `undefined` when a line does not follow from the one before. */
function lastLink(bytes: Buffer, first: Link): Link | undefined {
  let link = first;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf('\n', start);
    const line = end === -1 ? undefined : parseSegmentLine(bytes.toString('utf8', start, end));
    if (line === undefined || chainHash(link.hash, line.text) !== line.hash) return undefined;
    link = { seq: link.seq + 1, hash: line.hash };
    start = end + 1;
  }
  return link === first ? undefined : link;
}

type Chained = Pick<Salvaged, 'segments' | 'base' | 'kept'>;

/**
 * Where the entries of the database begin is what its state says. Without one it is behind the last segment whose
 * sealing they tell of: a segment that was not journalled does not count.
 */
function longest(
  candidates: Candidates,
  sealed: readonly Segment[],
  state: State | undefined,
  journalId: string,
): Chained {
  const seed = { seq: -1, hash: chainSeed(journalId) };
  const from = (segments: readonly Segment[], base: Link): Chained => ({
    segments,
    base,
    kept: chainFrom(candidates, base),
  });
  if (state !== undefined) {
    return from(
      sealed.filter(({ to }) => to <= state.base.seq),
      state.base,
    );
  }
  for (let count = sealed.length; count > 0; count -= 1) {
    const last = sealed[count - 1];
    if (last === undefined) continue;
    const chained = from(sealed.slice(0, count), { seq: last.to, hash: last.lastHash });
    if (chained.kept.some(({ text }) => tellsOf(text, last))) return chained;
  }
  return from([], seed);
}

function tellsOf(text: string, { segment, sha256 }: Segment): boolean {
  if (!text.includes('"SegmentSealed"')) return false;
  const event = decodeEntry(text).unwrapOr(undefined)?.event;
  return event?.type === 'SegmentSealed' && event.segment === segment && event.sha256 === sha256;
}

function chainFrom(candidates: Candidates, base: Link): readonly StoredText[] {
  const kept: StoredText[] = [];
  let { seq, hash } = base;
  for (;;) {
    seq += 1;
    const next = [...(candidates.get(seq) ?? [])].find((value) => isNext(hash, value));
    if (next === undefined) return kept;
    kept.push(toStored(seq, next));
    hash = next.slice(0, hashLength);
  }
}

function isNext(previous: string, value: string): boolean {
  const text = value.slice(hashLength);
  return chainHash(previous, text) === value.slice(0, hashLength) && decodeEntry(text).isOk();
}

function toStored(seq: number, value: string): StoredText {
  return { seq, hash: value.slice(0, hashLength), text: value.slice(hashLength) };
}
