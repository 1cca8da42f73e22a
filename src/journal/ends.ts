import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalOddity } from '../model/oddity.ts';
import { readAnchor } from './anchor.ts';
import { readIdentity } from './identity.ts';
import type { JournalReader } from './journal.ts';
import { leftOversIn, surelyDoneMs } from './layout.ts';
import { segmentPath } from './segment.ts';

/**
 * Whether the journal's ends are sound: the anchor, what lies beside the database, and that the files of all sealed
 * segments are there. Opening the reader has read the heads and the newest entries; those between are not read.
 */
export async function oddEnds(reader: JournalReader): Promise<readonly JournalOddity[]> {
  const { directory: path, head, segments } = reader;
  const found: JournalOddity[] = [];
  const identity = await readIdentity(path);
  if (identity.isOk() && identity.value === undefined)
    found.push({ type: 'identity-missing', path: join(path, 'identity.json') });
  for (const { segment } of segments) {
    const file = segmentPath(path, segment);
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    if (!isThere) found.push({ type: 'journal-segment-missing', path: file, segment });
  }
  const at = join(path, 'anchor.json');
  const now = await readAnchor(path);
  if (now.isErr()) {
    const detail = now.error.type === 'journal-damaged' ? now.error.detail : now.error.type;
    found.push({ type: 'journal-anchor-unreadable', path: at, detail });
  }
  // As it was when the reader was opened: whoever writes moves it on.
  const { anchor } = reader;
  if (anchor === undefined) return now.isErr() ? found : [...found, { type: 'anchor-missing', path: at }];
  if (anchor.seq > head.seq) {
    return [...found, { type: 'journal-tail-missing', path, anchorSeq: anchor.seq, headSeq: head.seq }];
  }
  for await (const page of reader.stored({ from: anchor.seq, to: anchor.seq })) {
    if (page.isErr()) {
      const detail = page.error.type === 'journal-damaged' ? page.error.detail : page.error.type;
      // That a segment is missing was told.
      if (found.every(({ type }) => type !== 'journal-segment-missing'))
        found.push({ type: 'journal-unread', path, detail, next: undefined });
      break;
    }
    if (page.value.some(({ seq, hash }) => seq === anchor.seq && hash !== anchor.hash))
      found.push({ type: 'journal-anchor-differs', path: at, seq: anchor.seq });
  }
  return found;
}

/** What killed processes left half-made beside the database: paths. */
export async function journalScratch(directory: string): Promise<readonly string[]> {
  return (await leftOversIn(directory, surelyDoneMs)).map(({ path }) => path);
}
