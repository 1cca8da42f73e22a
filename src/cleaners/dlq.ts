import type { Item } from '../model/item.ts';
import { nameMs } from '../storage/names.ts';
import type { Storage } from '../storage/storage.ts';
import type { DeadLettersEntry } from '../storage/entries.ts';
import { itemOf, partOf, type Cleaner } from './cleaner.ts';

/** Dead letters: all of one job's are one item. */
export const dlqCleaner: Cleaner = {
  kind: 'dlq',
  find: (storage) => storage.survey.deadLetters.map((entry) => lettersItem(storage, entry)),
};

function lettersItem(storage: Storage, entry: DeadLettersEntry): Item {
  const { holder, job, letters } = entry;
  return itemOf(storage, {
    kind: 'dlq',
    name: holder === undefined ? job : `${holder}/${job}`,
    root: entry.root,
    parts: [partOf('main', entry.seen, letters.stamp)],
    attributed: storage.repositories.ofHolder(holder),
    owners: storage.relations.ownersIn(holder, job, ...letters.jobs),
    recordedAtMs: () => letters.lastAttemptMs ?? nameMs(job),
    youngestSignMs: [letters.youngestSignMs],
    doubts: letters.doubts,
    detail: {
      type: 'dlq',
      letters: letters.letters,
      pendingRetry: letters.pendingRetry,
      pendingReview: letters.pendingReview,
    },
  });
}
