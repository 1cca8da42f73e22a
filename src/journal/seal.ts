import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { namesIn, replaceFile, syncDirectory } from './durable.ts';
import type { Draft, Link } from './entry.ts';
import { liveSpan } from './inspect.ts';
import { attempt, damaged, freeBytes } from './journal-failure.ts';
import type { JournalOptions, Sealing } from './journal.ts';
import { entryKey } from './key.ts';
import { segmentsPath } from './layout.ts';
import { decodeStored } from './reader.ts';
import type { Readable, Writable } from './reader.ts';
import { checkSegment, segmentPages } from './segment-file.ts';
import { segmentLine, segmentPath, sha256Path, sha256Text } from './segment.ts';
import type { Segment } from './segment.ts';
import type { Write } from './store.ts';
import { freeName } from './swap.ts';
import { toIso } from './timestamp.ts';
import { livePages, walk } from './walk.ts';
import type { StoredText } from './walk.ts';
import type { Writer } from './writer.ts';

/** As JOURNAL 7.7 has it. */
const defaults: Sealing = {
  entries: 50_000,
  ageMs: 30 * 24 * 60 * 60 * 1000,
  segmentBytes: 16 * 1024 * 1024,
};

/** With less room than this nothing is sealed and nothing is trimmed: both need some first. */
const roomyBytes = 128 * 1024 * 1024;

/** While work is under way, which may be for as long as something is held for undo, sealing waits till it is so much overdue. */
const patience = 2;

/**
 * Copies the entries of the database into sealed segments, when that is due, and journals that it did. They are
 * removed from the database by a later opening, see {@link trimSealed}: until then both have them.
 */
export async function sealWhenDue(
  readable: Readable,
  options: JournalOptions,
  append: (drafts: readonly Draft[]) => Promise<Result<unknown, JournalFailure>>,
): Promise<Result<void, JournalFailure>> {
  const sealing = { ...defaults, ...options.sealing };
  const step = options.seams?.afterStep ?? (() => undefined);
  const isDue = await isSealingDue(readable, options, sealing);
  if (isDue.isErr()) return err(isDue.error);
  if (!isDue.value) return ok(undefined);
  const made = await attempt(readable.path, async () => {
    await mkdir(segmentsPath(readable.path), { recursive: true, mode: 0o700 });
    await syncDirectory(readable.path);
  });
  if (made.isErr()) return err(made.error);
  const sealed: Segment[] = [];
  for await (const cut of cutsOf(readable, sealing.segmentBytes)) {
    if (cut.isErr()) return err(cut.error);
    const number = readable.segments.length + sealed.length + 1;
    const segment = await writeSegment(readable.path, number, cut.value, options);
    if (segment.isErr()) return err(segment.error);
    sealed.push(segment.value);
    step('segment-written');
  }
  const told = await append(sealed.map((segment) => ({ event: { type: 'SegmentSealed', ...segment } })));
  step('segment-sealed');
  return told.map(() => undefined);
}

async function isSealingDue(
  { store, path, state, segments }: Readable,
  options: JournalOptions,
  { entries, ageMs }: Sealing,
): Promise<Result<boolean, JournalFailure>> {
  const { base, head, rows } = state();
  // What was sealed in the last run is still to be trimmed.
  const isPending = (segments.at(-1)?.to ?? base.seq) > base.seq;
  if (isPending || (freeBytes(path) ?? 0) < roomyBytes) return ok(false);
  const isBusy = options.inline.some(({ name, isWork }) => isWork === true && (rows[name]?.count ?? 0) > 0);
  const factor = isBusy ? patience : 1;
  const count = head.seq - base.seq;
  if (count >= entries * factor) return ok(true);
  for await (const page of livePages(store, path, base.seq + 1, base.seq + 1, false)) {
    if (page.isErr()) return err(page.error);
    const [first] = page.value;
    if (first === undefined) return ok(false);
    return decodeStored(path, first).map(({ atMs }) => options.clock() - atMs >= ageMs * factor);
  }
  return ok(false);
}

/** What one segment is to hold: its lines as they are written, page by page. Entries are text no longer than a page. */
type Cut = { readonly from: number; readonly last: Link; readonly content: readonly Buffer[] };

/** The entries of the database in pieces of about so many bytes. */
async function* cutsOf(
  { store, path, state }: Readable,
  bytes: number,
): AsyncGenerator<Result<Cut, JournalFailure>> {
  let from: number | undefined;
  let last: Link | undefined;
  let content: Buffer[] = [];
  let size = 0;
  for await (const page of walk(store, liveSpan(path, state()))) {
    if (page.isErr()) return yield err(page.error);
    let lines: string[] = [];
    for (const { seq, hash, text } of page.value) {
      from ??= seq;
      last = { seq, hash };
      lines.push(segmentLine(hash, text));
      size += text.length;
      if (size < bytes) continue;
      yield ok({ from, last, content: [...content, Buffer.from(lines.join(''))] });
      from = undefined;
      content = [];
      lines = [];
      size = 0;
    }
    if (lines.length > 0) content.push(Buffer.from(lines.join('')));
  }
  if (from !== undefined && last !== undefined) yield ok({ from, last, content });
}

function cutOf(entries: readonly StoredText[]): Cut | undefined {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const lines = entries.map(({ hash, text }) => segmentLine(hash, text));
  return { from: first.seq, last, content: [Buffer.from(lines.join(''))] };
}

/**
 * Durable, and read again, when it resolves. One that a crash left under this number was never journalled. Another
 * that is there may be the only copy of what it holds, and is kept aside.
 */
async function writeSegment(
  directory: string,
  segment: number,
  cut: Cut | undefined,
  options: JournalOptions,
): Promise<Result<Segment, JournalFailure>> {
  if (cut === undefined) return err(damaged(directory, undefined, 'nothing to seal'));
  const { from, last, content } = cut;
  const sum = createHash('sha256');
  for (const bytes of content) sum.update(bytes);
  const sealed = { segment, from, to: last.seq, lastHash: last.hash, sha256: sum.digest('hex') };
  const written = await attempt(directory, async () => {
    const path = segmentPath(directory, segment);
    await keepOther(path, content, options.clock());
    await replaceFile(path, content);
    await replaceFile(sha256Path(directory, segment), sha256Text(sealed));
  });
  if (written.isErr()) return err(written.error);
  return (await checkSegment(directory, sealed)).map(() => sealed);
}

/** Moves a file out of the way of `content`, unless all of it is in there. */
async function keepOther(path: string, content: readonly Buffer[], nowMs: number): Promise<void> {
  const isThere = (await namesIn(dirname(path))).includes(basename(path));
  if (!isThere) return;
  const whole = Buffer.concat(content);
  if (whole.subarray(0, (await stat(path)).size).equals(await readFile(path))) return;
  const stamp = toIso(Math.trunc(nowMs)).replace(/[-:.]/g, '');
  const aside = basename(path).replace(/\.jsonl$/, `.replaced-${stamp}.jsonl`);
  await rename(path, join(dirname(path), await freeName(dirname(path), aside)));
  await syncDirectory(dirname(path));
}

/**
 * Removes from the database what lies sealed, after the segments were read from the disk once more and hold, entry for
 * entry, what the database has. A segment that does not is written again first.
 */
export async function trimSealed(
  { store, path, segments }: Writable,
  writer: Writer,
  options: JournalOptions,
): Promise<Result<void, JournalFailure>> {
  const step = options.seams?.afterStep ?? (() => undefined);
  const pending = segments.filter(({ to }) => to > writer.state().base.seq);
  if (pending.length === 0 || (freeBytes(path) ?? 0) < roomyBytes) return ok(undefined);
  for (const segment of pending) {
    const { base } = writer.state();
    const span = { ...liveSpan(path, writer.state()), head: { seq: segment.to, hash: segment.lastHash } };
    const live: StoredText[] = [];
    for await (const page of walk(store, span)) {
      if (page.isErr()) return err(page.error);
      live.push(...page.value);
    }
    if (!(await holds(path, segment, live))) {
      const again = await writeSegment(path, segment.segment, cutOf(live), options);
      if (again.isErr()) return err(again.error);
      if (!(await holds(path, segment, live))) {
        return err(damaged(path, segment.from, `segment ${segment.segment} cannot be made again`));
      }
    }
    step('segment-verified');
    const removed: Write[] = [];
    for (let seq = base.seq + 1; seq <= segment.to; seq += 1)
      removed.push({ type: 'del', key: entryKey(seq) });
    const restated = await writer.restate({ base: { seq: segment.to, hash: segment.lastHash } }, removed);
    if (restated.isErr()) return err(restated.error);
    step('segment-trimmed');
  }
  // Without it the space comes back a little later.
  await store.compact();
  return ok(undefined);
}

async function holds(path: string, segment: Segment, live: readonly StoredText[]): Promise<boolean> {
  if ((await checkSegment(path, segment)).isErr()) return false;
  let at = 0;
  for await (const page of segmentPages(path, segment, segment.from, segment.to, false)) {
    if (page.isErr()) return false;
    for (const { seq, hash, text } of page.value) {
      const same = live[at];
      if (same?.seq !== seq || same.hash !== hash || same.text !== text) return false;
      at += 1;
    }
  }
  return at === live.length;
}
