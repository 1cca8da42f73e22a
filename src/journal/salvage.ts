import { basename, join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readRegular } from '../regular-file.ts';
import { readAnchor } from './anchor.ts';
import { chainHash, chainSeed, hashLength, sha256Of } from './chain.ts';
import { decodeEntry } from './codec.ts';
import { namesIn } from './durable.ts';
import type { Link } from './entry.ts';
import { readIdentity } from './identity.ts';
import { genesisIn } from './inspect.ts';
import type { Genesis } from './inspect.ts';
import { attempt, damaged } from './journal-failure.ts';
import { currentDatabase, segmentsPath } from './layout.ts';
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
  /** Files of segments that the chain passes by, or that nothing journalled is left of. They are not touched. */
  readonly ignored: readonly string[];
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

  const sealed = await sealedOnDisk(directory, journalId, state === undefined ? candidates : new Map());
  const { segments, base } = foundation(sealed, state, journalId);
  const held = segments.at(-1)?.to ?? -1;
  if (held !== base.seq) {
    const file = `segments/${basename(segmentPath(directory, segments.length + 1))}`;
    const detail = `${file} is damaged or missing: only a backup of that file can help, put in its place. The entries from #${held + 1} on, up to #${base.seq} at most, are in it or in those after it, and nowhere else`;
    return err(damaged(directory, held + 1, detail));
  }
  const others = await attempt(directory, () => addSealed(directory, segments.length, candidates));
  if (others.isErr()) return err(others.error);
  const kept = chainFrom(candidates, base);
  const ignored = others.value.filter((number) => !kept.some(({ text }) => tellsOf(text, number)));
  const last = kept.at(-1) ?? base;
  const beyond = [...candidates]
    .filter(([seq]) => seq > last.seq)
    .sort(([a], [b]) => a - b)
    .flatMap(([seq, values]) => [...values].map((value) => toStored(seq, value)));
  const lastKnownSeq = Math.max(last.seq, anchor?.seq ?? -1, state?.head.seq ?? -1, beyond.at(-1)?.seq ?? -1);
  const names = ignored.map((number) => `segments/${basename(segmentPath(directory, number))}`);
  return ok({ journalId, genesis, segments, base, kept, beyond, ignored: names, lastKnownSeq });
}

/** By sequence number: every value that was found for it. A damaged one may hide an older one. */
type Candidates = Map<number, Set<string>>;

async function readRaw(
  directory: string,
): Promise<{ readonly candidates: Candidates; readonly states: readonly State[] }> {
  const database = await currentDatabase(directory);
  const candidates: Candidates = new Map();
  const states: State[] = [];
  for (const name of await namesIn(database)) {
    for (const { key, value } of await pairsIn(join(database, name))) {
      if (value === undefined) continue;
      const seq = seqOfKey(key);
      if (seq !== undefined) {
        add(candidates, seq, value);
      } else if (key === lowHeadKey || key === highHeadKey) {
        const state = parseState(value, supportedFormat);
        if (state !== undefined) states.push(state);
      }
    }
  }
  return { candidates, states };
}

function add(candidates: Candidates, seq: number, value: string): void {
  const values = candidates.get(seq) ?? new Set();
  candidates.set(seq, values.add(value));
}

async function pairsIn(path: string): Promise<Iterable<RawPair>> {
  if (/\.(ldb|sst)$/.test(path)) return pairsOfTable(await readRegular(path));
  return path.endsWith('.log') ? pairsOfLog(await readRegular(path)) : [];
}

async function firstText(directory: string, candidates: Candidates): Promise<string | undefined> {
  for (const value of candidates.get(0) ?? []) return value.slice(hashLength);
  const bytes = await readRegular(segmentPath(directory, 1)).catch(() => undefined);
  const end = bytes?.indexOf('\n') ?? -1;
  return end < 1 ? undefined : parseSegmentLine(bytes?.toString('utf8', 0, end) ?? '')?.text;
}

/** The segments that follow from the seed without a break, up to the first that `candidates` contradict. */
async function sealedOnDisk(
  directory: string,
  journalId: string,
  candidates: Candidates,
): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  let link: Link = { seq: -1, hash: chainSeed(journalId) };
  for (let segment = 1; ; segment += 1) {
    const bytes = await readRegular(segmentPath(directory, segment)).catch(() => undefined);
    const last = bytes === undefined ? undefined : lastLink(bytes, link, candidates);
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

/** `undefined` when a line does not follow from the one before, or the database goes on from there in another way. */
function lastLink(bytes: Buffer, first: Link, candidates: Candidates): Link | undefined {
  let link = first;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf('\n', start);
    const line = end === -1 ? undefined : parseSegmentLine(bytes.toString('utf8', start, end));
    if (line === undefined || chainHash(link.hash, line.text) !== line.hash) return undefined;
    const { seq, hash } = link;
    const own = line.hash + line.text;
    const values = [...(candidates.get(seq + 1) ?? [])];
    if (values.some((value) => value !== own && isNext(hash, value))) return undefined;
    link = { seq: seq + 1, hash: line.hash };
    start = end + 1;
  }
  return link === first ? undefined : link;
}

/**
 * Where the entries of the database begin is what its state says. Without one it is behind what lies sealed on the
 * disk: a segment that was not journalled holds the same entries that the database has, or is the only one that does.
 */
function foundation(
  sealed: readonly Segment[],
  state: State | undefined,
  journalId: string,
): Pick<Salvaged, 'segments' | 'base'> {
  if (state !== undefined) {
    return { segments: sealed.filter(({ to }) => to <= state.base.seq), base: state.base };
  }
  const last = sealed.at(-1);
  const base =
    last === undefined ? { seq: -1, hash: chainSeed(journalId) } : { seq: last.to, hash: last.lastHash };
  return { segments: sealed, base };
}

/**
 * Adds the entries of the segments after number `count`, as far as lines can be read: what was sealed and not yet
 * removed from the database is there twice. Answers with their numbers.
 */
async function addSealed(
  directory: string,
  count: number,
  candidates: Candidates,
): Promise<readonly number[]> {
  const numbers = (await namesIn(segmentsPath(directory)))
    .flatMap((name) => /^(\d{6,})\.jsonl$/.exec(name)?.slice(1) ?? [])
    .map(Number)
    .filter((number) => number > count)
    .sort((a, b) => a - b);
  for (const number of numbers) {
    // One that cannot be read has nothing to add.
    const content = (await readRegular(segmentPath(directory, number)).catch(() => '')).toString();
    for (const line of content.split('\n')) {
      const parsed = parseSegmentLine(line);
      const seq = parsed === undefined ? undefined : decodeEntry(parsed.text).unwrapOr(undefined)?.seq;
      if (parsed !== undefined && seq !== undefined) add(candidates, seq, parsed.hash + parsed.text);
    }
  }
  return numbers;
}

function tellsOf(text: string, segment: number): boolean {
  if (!text.includes('"SegmentSealed"')) return false;
  const event = decodeEntry(text).unwrapOr(undefined)?.event;
  return event?.type === 'SegmentSealed' && event.segment === segment;
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
