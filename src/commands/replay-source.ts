import { err, ok, type Result } from 'neverthrow';
import type { Entry } from '../journal/entry.ts';
import type { EntryRange, JournalReader } from '../journal/journal.ts';

import { decodeStored } from '../journal/reader.ts';
import type { JournalFailure } from '../model/failure.ts';
import { isAftermath } from '../projections/aftermath.ts';
import { partOf } from '../projections/run-replay.ts';
import { together } from '../projections/stretches.ts';
import type { ReplaySource, ReplayView } from '../ui/replay-view.ts';

export type Replayed = ReplayView & {
  /** Where its plan's list stands, among pieces of others. */
  readonly plan: EntryRange | undefined;
};

/** What is told one by one of a run, out of the stretches of the journal where a first look had found it. */
export function replaySource(
  { summary, replay, plan, since }: Replayed,
  reader: JournalReader,
): ReplaySource {
  const { parts, acts } = replay;
  return {
    entries: (wanted) =>
      pagesIn(
        together(wanted.map((part) => parts[part])).ranges,
        (entry) => {
          const part = entry.run === summary.run ? partOf(entry) : undefined;
          return part !== undefined && wanted.includes(part) ? [entry] : [];
        },
        reader,
      ),
    plan: () =>
      pagesIn(
        plan === undefined ? [] : [plan],
        ({ event }) => (event.type === 'PlanRecorded' && event.plan === summary.plan ? event.items : []),
        reader,
      ),
    since: () => pagesIn(since.ranges, (entry) => (isAftermath(entry, acts) ? [entry] : []), reader),
  };
}

/** What is wanted of each entry of these stretches. */
async function* pagesIn<Wanted>(
  ranges: readonly EntryRange[],
  wantedOf: (entry: Entry) => readonly Wanted[],
  reader: JournalReader,
): AsyncGenerator<Result<readonly Wanted[], JournalFailure>> {
  for (const range of ranges) {
    for await (const page of reader.stored(range)) {
      if (page.isErr()) return yield err(page.error);
      const wanted: Wanted[] = [];
      for (const text of page.value) {
        const entry = decodeStored(reader.directory, text);
        if (entry.isErr()) return yield err(entry.error);
        wanted.push(...wantedOf(entry.value));
      }
      yield ok(wanted);
    }
  }
}
