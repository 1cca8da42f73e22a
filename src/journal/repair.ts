import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { replaceAnchor } from './anchor.ts';
import { filesNow } from './as-left.ts';
import { buildDatabase } from './build.ts';
import { sha256Of } from './chain.ts';
import { replaceFile, syncDirectory } from './durable.ts';
import type { Draft, Entry, Link } from './entry.ts';
import { identityFrom, identityPath, readIdentity, writeIdentity } from './identity.ts';
import { genesisIn } from './inspect.ts';
import type { Genesis } from './inspect.ts';
import { attempt } from './journal-failure.ts';
import type { JournalOptions } from './journal.ts';
import { decodeStored } from './reader.ts';
import type { Table } from './reader.ts';
import type { Salvaged } from './salvage.ts';
import { mendSum } from './segment-file.ts';
import { segmentLine, segmentRows } from './segment.ts';
import type { Segment } from './segment.ts';
import { swapIn } from './swap.ts';
import { toIso } from './timestamp.ts';
import { supportedFormat } from './upcast.ts';
import type { StoredText } from './walk.ts';

export type Repaired = {
  /** The name under which the damaged database is kept, beside the new one. */
  readonly aside: string;
  /** The file that holds what was found behind the hole. */
  readonly salvaged: string | undefined;
  readonly head: Link;
  /** Facts from behind the hole that were journalled again. */
  readonly restated: number;
};

/**
 * Facts from behind the hole that the journal needs: what is under way, and would lie unexplained in quarantine.
 *
 * @param tables - the stored rows after the entries that are kept
 * @param beyond - entries behind the hole, in order
 */
export type Restate = (tables: readonly Table[], beyond: readonly Entry[]) => readonly Draft[];

const pageEntries = 1000;

/**
 * Makes a database of what was salvaged and puts it in the place of the damaged one. The chain is that of the entries
 * that are kept; those behind the hole would break it, and go to a file of their own. Killed at any step, the damaged
 * database is there or the new one, and repairing again ends the same. The caller keeps runs out.
 */
export async function repair(
  directory: string,
  salvaged: Salvaged,
  restate: Restate,
  options: JournalOptions,
): Promise<Result<Repaired, JournalFailure>> {
  const step = options.seams?.afterStep ?? (() => undefined);
  const nowMs = Math.trunc(options.clock());
  const stamp = toIso(nowMs).replace(/[-:.]/g, '');
  const aside = `db.damaged-${stamp}`;
  const { journalId, segments, base, kept, beyond, lastKnownSeq } = salvaged;

  const content = beyond.map(({ hash, text }) => segmentLine(hash, text)).join('');
  const file = beyond.length === 0 ? undefined : `salvaged-${stamp}.jsonl`;
  if (file !== undefined) {
    const written = await attempt(directory, () => replaceFile(join(directory, file), content));
    if (written.isErr()) return err(written.error);
    step('salvage-written');
  }

  for (const segment of segments) {
    const mended = await mendSum(directory, segment);
    if (mended.isErr()) return err(mended.error);
  }

  const lastKept = kept.at(-1) ?? base;
  let restated = 0;
  const closing = (last: Link, tables: readonly Table[]): readonly Draft[] => {
    const again = restate(tables, decodable(directory, beyond));
    restated = again.length;
    const birth = { type: 'JournalCreated', journalId, format: supportedFormat, host: options.host } as const;
    const event = {
      type: 'JournalRepaired',
      lost: lastKnownSeq - last.seq,
      headSeq: last.seq,
      damaged: aside,
      ...(file === undefined
        ? {}
        : { salvaged: file, salvagedEntries: beyond.length, salvagedSha256: sha256Of(content) }),
    } as const;
    return [
      ...(last.seq === -1 ? [{ event: birth }] : []),
      { event },
      ...unexplained(segments, tables).map(
        (segment) => ({ event: { type: 'SegmentSealed', ...segment } }) as const,
      ),
      ...again,
    ];
  };
  const built = await buildDatabase(
    { directory, journalId, segments, base, entries: pagesOf(kept), closing },
    // One time for all that the repair says, its own birth too: identity.json repeats it.
    { ...options, clock: () => nowMs },
  );
  if (built.isErr()) return err(built.error);

  const settled = await attempt(directory, async () => {
    await moveAside(join(directory, 'anchor.json'), stamp);
    step('anchor-aside');
  });
  if (settled.isErr()) return err(settled.error);
  const known = await readIdentity(directory);
  const identity = identityFrom(genesisAfter(salvaged, nowMs, options));
  if (known.isErr() || !isDeepStrictEqual(known.value, identity)) {
    const moved = await attempt(directory, () => moveAside(identityPath(directory), stamp));
    if (moved.isErr()) return err(moved.error);
    const written = await writeIdentity(directory, identity);
    if (written.isErr()) return err(written.error);
    step('identity-written');
  }
  const swapped = await attempt(directory, () => swapIn(directory, built.value.path, aside, step));
  if (swapped.isErr()) return err(swapped.error);
  const head = { ...built.value.head, runs: 0 };
  const anchored = await replaceAnchor(directory, head, nowMs, await filesNow(directory));
  step('anchored');
  return anchored.map(() => ({
    aside: swapped.value,
    salvaged: file,
    head: { seq: lastKept.seq, hash: lastKept.hash },
    restated,
  }));
}

/** What the repaired journal begins with: its first entry, or the birth that stands in for one that is lost. */
function genesisAfter(
  { journalId, genesis, kept, base }: Salvaged,
  nowMs: number,
  { host }: JournalOptions,
): Genesis {
  const [first] = kept;
  const known = first?.seq === 0 ? genesisIn(first.text) : genesis;
  const isBornAgain = first === undefined && base.seq === -1;
  if (known !== undefined && !isBornAgain) return { ...known, journalId };
  return { journalId, format: supportedFormat, host, atMs: nowMs };
}

/** Whole, and the entry that says so is lost: it is said again, or nobody would look for them. */
function unexplained(segments: readonly Segment[], tables: readonly Table[]): readonly Segment[] {
  const known = tables.find(({ projection }) => projection.name === segmentRows.name)?.rows;
  const numbers = new Set([...(known?.values() ?? [])].map((row) => (row as Segment).segment));
  return segments.filter(({ segment }) => !numbers.has(segment));
}

async function moveAside(path: string, stamp: string): Promise<void> {
  await rename(path, path.replace(/\.json$/, `.damaged-${stamp}.json`)).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
  await syncDirectory(join(path, '..'));
}

function decodable(directory: string, beyond: readonly StoredText[]): readonly Entry[] {
  return beyond.flatMap((stored) => {
    const entry = decodeStored(directory, stored);
    return entry.isOk() ? [entry.value] : [];
  });
}

async function* pagesOf(
  entries: readonly StoredText[],
): AsyncGenerator<Result<readonly StoredText[], JournalFailure>> {
  for (let from = 0; from < entries.length; from += pageEntries)
    yield Promise.resolve(ok(entries.slice(from, from + pageEntries)));
}
