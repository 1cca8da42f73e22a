import { Worker } from 'node:worker_threads';
import { err, ok } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { hashLength } from './chain.ts';
import type { InPlace, Lent } from './level-contents.ts';
import { walk } from './walk.ts';
import type { Span, StoredPage, StoredText } from './walk.ts';

/** What the thread is to walk over. */
export type Task = { readonly lent: Lent; readonly span: Span };

/** What it says: the page that `walk` has next, or that there is none. */
export type Message =
  | {
      readonly type: 'page';
      readonly from: number;
      /** One after the other: what is cut out of them here costs less than as many texts in a message. */
      readonly hashes: string;
      readonly texts: string;
      readonly ends: Uint32Array;
    }
  | { readonly type: 'failure'; readonly failure: JournalFailure }
  | { readonly type: 'end' };

/** Pages that the thread may be ahead: what they hold is in memory. To ask for each of them would wake it too often. */
const pagesAhead = 8;
const askedAtOnce = 4;

/**
 * All pages of {@link walk}, made by a thread when there are more entries than `least`: it reads, checks what it reads
 * and follows the chain, and whoever asks for the pages works on them meanwhile. Where there is no thread, or none any
 * more, it goes on without: what comes of it is the same.
 */
export async function* walkAside(database: InPlace, span: Span, least: number): AsyncGenerator<StoredPage> {
  let next = 0;
  if (span.head.seq > least) {
    for await (const page of pagesOfThread(database, span)) {
      yield page;
      if (page.isErr()) return;
      next = (page.value.at(-1)?.seq ?? next - 1) + 1;
    }
  }
  // The walk's last page says whether all of it is there; over what was walked already there is none.
  yield* walk(database, span, { from: next });
}

/** Ends early when the thread does. */
async function* pagesOfThread(database: InPlace, span: Span): AsyncGenerator<StoredPage> {
  const { lent, giveBack } = database.lend();
  const thread = threadFor({ lent, span });
  if (thread === undefined) return giveBack();
  const come: Message[] = [];
  let isAwake = (): void => undefined;
  const tell = (message: Message): void => {
    come.push(message);
    isAwake();
  };
  thread.on('message', tell);
  thread.on('error', () => tell({ type: 'end' }));
  thread.on('exit', () => tell({ type: 'end' }));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
  const want = (pages: number): void => thread.postMessage(pages);
  try {
    want(pagesAhead);
    for (let taken = 1; ;) {
      const message = come.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          isAwake = resolve;
        });
        continue;
      }
      if (message.type === 'end') return;
      if (taken % askedAtOnce === 0) want(askedAtOnce);
      taken += 1;
      yield message.type === 'failure' ? err(message.failure) : ok(unpacked(message));
    }
  } finally {
    await thread.terminate();
    giveBack();
  }
}

/** `undefined` where the system allows no more threads. */
function threadFor(task: Task): Worker | undefined {
  try {
    return new Worker(new URL('./walk-aside-worker.js', import.meta.url), { workerData: task });
  } catch {
    return undefined;
  }
}

export function packed(page: StoredPage): Message {
  if (page.isErr()) return { type: 'failure', failure: page.error };
  const ends = new Uint32Array(page.value.length);
  let hashes = '';
  let texts = '';
  for (const [index, { hash, text }] of page.value.entries()) {
    hashes += hash;
    texts += text;
    ends[index] = texts.length;
  }
  return { type: 'page', from: page.value[0]?.seq ?? 0, hashes, texts, ends };
}

function unpacked({ from, hashes, texts, ends }: Extract<Message, { type: 'page' }>): StoredText[] {
  const page: StoredText[] = [];
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const hash = hashes.slice(index * hashLength, (index + 1) * hashLength);
    page.push({ seq: from + index, hash, text: texts.slice(start, end) });
    start = end;
  }
  return page;
}
