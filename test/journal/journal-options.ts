import { nanoid } from 'nanoid';
import type { Draft } from '../../src/journal/entry.ts';
import type { JournalOptions } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { inlineProjections } from '../../src/projections/inline.ts';

export const noonMs: number = Date.UTC(2026, 0, 2, 12);

/** Options for a journal in `directory` that stands at noon; the reserve is small to spare the disk. */
export function journalOptions(directory: string, more: Partial<JournalOptions> = {}): JournalOptions {
  return {
    directory,
    clock: () => noonMs,
    newId: () => nanoid(),
    actor: { uid: 1000, tool: '0.0.0' },
    host: 'here',
    inline: inlineProjections,
    seams: { reserveBytes: 4096 },
    ...more,
  };
}

export async function opened(directory: string, more: Partial<JournalOptions> = {}): Promise<Journal> {
  return (await openJournal(journalOptions(directory, more)))._unsafeUnwrap();
}

/** A draft that says `detail`, nothing more. */
export function remark(detail: string): Draft {
  return { event: { type: 'OddityFound', reason: 'unknown-format', detail } };
}

export function remarks(from: number, to: number): Draft[] {
  return Array.from({ length: to - from }, (_, index) => remark(`${from + index}`));
}

/** A closed journal that holds so many remarks. */
export async function written(directory: string, count: number): Promise<void> {
  const journal = await opened(directory);
  await journal.append(remarks(0, count));
  await journal.close();
}
