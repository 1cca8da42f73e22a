import { isDeepStrictEqual } from 'node:util';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readAnchor } from './anchor.ts';
import type { Entry, Link } from './entry.ts';
import { identityFrom, readIdentity } from './identity.ts';
import { genesisIn } from './inspect.ts';
import { later } from './journal-failure.ts';
import { storedProjections } from './journal.ts';
import type { JournalReader } from './journal.ts';
import type { KeyedProjection } from './projection.ts';
import { decodeStored, Fold } from './reader.ts';
import type { Table } from './reader.ts';
import { checkSegment } from './segment-file.ts';
import type { StoredText } from './walk.ts';

/** An anchor that was kept elsewhere: the line that `clean log anchor` printed. */
export type KeptAnchor = Link & { readonly journalId: string };

export type Finding =
  /** The first entry that cannot be trusted; nothing after it was looked at. */
  | { readonly type: 'entry-damaged'; readonly seq: number | undefined; readonly detail: string }
  /** A file of the database is not what was written; nothing else was looked at. */
  | { readonly type: 'database-damaged'; readonly seq: number | undefined; readonly detail: string }
  /** The file of a sealed segment is not the one that was sealed. `seq` is its first entry. */
  | {
      readonly type: 'segment-damaged';
      readonly seq: number;
      readonly segment: number;
      readonly detail: string;
    }
  /** The anchor knows of entries that are not there. */
  | { readonly type: 'tail-missing'; readonly anchorSeq: number; readonly headSeq: number }
  /** The entry is not the one that `anchor.json` knows. */
  | { readonly type: 'anchor-differs'; readonly seq: number }
  | { readonly type: 'anchor-unreadable'; readonly detail: string }
  /** The same three for an anchor that was kept elsewhere, and one of another journal. */
  | { readonly type: 'kept-anchor-ahead'; readonly anchorSeq: number; readonly headSeq: number }
  | { readonly type: 'kept-anchor-differs'; readonly seq: number }
  | { readonly type: 'kept-anchor-foreign'; readonly journalId: string }
  /** It was compared with nothing: its entry was not come to. */
  | { readonly type: 'kept-anchor-unread'; readonly anchorSeq: number }
  /** `identity.json` does not say what the journal began with. */
  | { readonly type: 'identity-differs'; readonly detail: string }
  /** A stored row is not what the entries say. */
  | { readonly type: 'row-differs'; readonly projection: string; readonly key: string }
  | { readonly type: 'rows-damaged'; readonly projection: string; readonly detail: string };

export type Verified<Other = never> = {
  readonly entries: number;
  readonly findings: readonly (Finding | Other)[];
};

export type Verification<Other> = {
  /** Anchors that were kept elsewhere. */
  readonly kept?: readonly KeptAnchor[];
  /** Called with every entry in order; what it answers is found, too. */
  readonly observe?: (entry: Entry) => readonly Other[];
  /** With more entries than these a thread reads them and follows the chain, while this one folds rows. */
  readonly leastAside?: number;
};

/** A thread has started when about a tenth of these are read. */
const worthAThread = 50_000;

/**
 * Reads every entry, checks numbers, chain, segments and anchors, and makes all stored rows anew to compare them.
 * What is found is an answer; an `Err` is a journal that could not be read.
 */
export function verifyJournal<Other = never>(
  reader: JournalReader,
  inline: readonly KeyedProjection<unknown>[],
  { kept = [], observe, leastAside = worthAThread }: Verification<Other> = {},
): ResultAsync<Verified<Other>, JournalFailure> {
  return later(async () => {
    const files = (await reader.checkFiles?.()) ?? ok(undefined);
    if (files.isErr()) {
      if (files.error.type !== 'journal-damaged') return err(files.error);
      const { seq, detail } = files.error;
      return ok({ entries: 0, findings: [{ type: 'database-damaged', seq, detail }] });
    }
    const findings: (Finding | Other)[] = [];
    const anchor = await readAnchor(reader.directory);
    if (anchor.isErr() && anchor.error.type === 'journal-damaged')
      findings.push({ type: 'anchor-unreadable', detail: anchor.error.detail });
    const anchors = anchorsOf(reader, kept);
    findings.push(...anchors.ahead());
    findings.push(...(await segmentFindings(reader)));

    const tables = storedProjections({ inline }).map((projection) => new Fold(projection));
    let entries = 0;
    for await (const page of reader.storedAside?.(leastAside) ?? reader.stored()) {
      if (page.isErr()) return stop(page.error, entries, [...findings, ...anchors.unread()]);
      for (const stored of page.value) {
        const entry = decodeStored(reader.directory, stored);
        if (entry.isErr()) return stop(entry.error, entries, [...findings, ...anchors.unread()]);
        entries += 1;
        for (const finding of anchors.pass(stored)) findings.push(finding);
        if (stored.seq === 0) findings.push(...(await identityFindings(reader, stored)));
        if (observe !== undefined) for (const finding of observe(entry.value)) findings.push(finding);
        for (const table of tables) table.add(entry.value);
      }
    }
    findings.push(...anchors.unread());
    for (const table of tables) {
      const differing = await compare(reader, table);
      if (differing.isErr()) return err(differing.error);
      for (const finding of differing.value) findings.push(finding);
    }
    return ok({ entries, findings });
  });
}

function stop<Other>(
  failure: JournalFailure,
  entries: number,
  findings: readonly (Finding | Other)[],
): Result<Verified<Other>, JournalFailure> {
  if (failure.type !== 'journal-damaged') return err(failure);
  const { seq, detail } = failure;
  return ok({ entries, findings: [...findings, { type: 'entry-damaged', seq, detail }] });
}

/** What the anchors say of entries that are passed, and of those that there are not. */
function anchorsOf(
  { anchor, head, journalId }: JournalReader,
  kept: readonly KeptAnchor[],
): {
  ahead(): readonly Finding[];
  pass(link: Link): readonly Finding[];
  unread(): readonly Finding[];
} {
  const own = kept.filter((one) => one.journalId === journalId);
  const foreign = kept.filter((one) => one.journalId !== journalId);
  const headSeq = head.seq;
  const unread = new Set(own.filter(({ seq }) => seq <= headSeq));
  const meet = (seq: number): readonly KeptAnchor[] => {
    if (unread.size === 0) return [];
    const met = [...unread].filter((one) => one.seq === seq);
    for (const one of met) unread.delete(one);
    return met;
  };
  return {
    ahead: () => [
      ...(anchor !== undefined && anchor.seq > headSeq
        ? [{ type: 'tail-missing', anchorSeq: anchor.seq, headSeq } as const]
        : []),
      ...own
        .filter(({ seq }) => seq > headSeq)
        .map(({ seq }) => ({ type: 'kept-anchor-ahead', anchorSeq: seq, headSeq }) as const),
      ...foreign.map((one) => ({ type: 'kept-anchor-foreign', journalId: one.journalId }) as const),
    ],
    pass: ({ seq, hash }) => [
      ...(anchor?.seq === seq && anchor.hash !== hash ? [{ type: 'anchor-differs', seq } as const] : []),
      ...meet(seq)
        .filter((one) => one.hash !== hash)
        .map(() => ({ type: 'kept-anchor-differs', seq }) as const),
    ],
    unread: () => [...unread].map(({ seq }) => ({ type: 'kept-anchor-unread', anchorSeq: seq }) as const),
  };
}

/** One that is missing was not written yet: the next opening makes it. */
async function identityFindings(
  { directory }: JournalReader,
  { text }: StoredText,
): Promise<readonly Finding[]> {
  const identity = await readIdentity(directory);
  const genesis = genesisIn(text);
  if (identity.isErr()) {
    const { error } = identity;
    const detail = error.type === 'journal-damaged' ? error.detail : error.type;
    return [{ type: 'identity-differs', detail }];
  }
  if (identity.value === undefined || genesis === undefined) return [];
  return isDeepStrictEqual(identity.value, identityFrom(genesis))
    ? []
    : [{ type: 'identity-differs', detail: 'identity.json does not say what the journal began with' }];
}

async function segmentFindings({ directory, segments }: JournalReader): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const segment of segments) {
    const checked = await checkSegment(directory, segment);
    if (checked.isOk()) continue;
    const { error } = checked;
    const detail = error.type === 'journal-damaged' ? error.detail : error.type;
    findings.push({ type: 'segment-damaged', seq: segment.from, segment: segment.segment, detail });
  }
  return findings;
}

/** What is stored is read page by page, and what was found again is let go: there may be a hundred thousand rows. */
async function compare(
  reader: JournalReader,
  { projection, rows }: Table,
): Promise<Result<readonly Finding[], JournalFailure>> {
  const { name } = projection;
  const more: string[] = [];
  for await (const page of reader.rowPages(projection)) {
    if (page.isErr()) {
      const { error } = page;
      if (error.type !== 'journal-damaged') return err(error);
      return ok([{ type: 'rows-damaged', projection: name, detail: error.detail }]);
    }
    for (const [key, stored] of page.value) {
      const expected = rows.get(key);
      if (expected === undefined) more.push(key);
      else if (isStoredAs(expected, stored)) rows.delete(key);
    }
  }
  return ok([...rows.keys(), ...more].map((key) => ({ type: 'row-differs', projection: name, key })));
}

/** Whether it is what would come back from the database. */
function isStoredAs(row: unknown, stored: unknown): boolean {
  const text = JSON.stringify(row);
  return text === JSON.stringify(stored) || isDeepStrictEqual(JSON.parse(text), stored);
}
