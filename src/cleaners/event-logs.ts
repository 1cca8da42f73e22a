import type { Item } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import { eventOwners } from '../storage/event-owners.ts';
import { eventNameMs, nameMs } from '../storage/names.ts';
import { jobOfEvents, sessionOwner } from '../storage/relations.ts';
import type { Storage } from '../storage/storage.ts';
import type { EventsEntry } from '../storage/entries.ts';
import { newest } from '../storage/time.ts';
import { endOf, itemOf, partOf, type Cleaner } from './cleaner.ts';

/** Event directories, one for each run or job, and archived event files. */
export const eventLogsCleaner: Cleaner = {
  kind: 'events',
  find(storage) {
    const guess = eventOwners(storage);
    const directories = storage.survey.events.map((entry) => directoryItem(storage, entry, guess));
    return [...directories, ...archivedFiles(storage)];
  },
};

function directoryItem(storage: Storage, entry: EventsEntry, guess: (entry: EventsEntry) => OwnerId[]): Item {
  const { relations, repositories } = storage;
  const { holder, name, files } = entry;
  const exact = relations.ownersIn(holder, jobOfEvents(name, holder));
  // Its own name is random for most runs; when a session has it all the same, it counts.
  if (relations.sessions.has(name)) exact.push(sessionOwner(name));
  return itemOf(storage, {
    kind: 'events',
    name: holder === undefined ? name : `${holder}/${name}`,
    root: entry.root,
    parts: [partOf('main', entry.seen, files.stamp)],
    attributed: repositories.ofHolder(holder),
    owners: exact.length > 0 ? exact : guess(entry),
    recordedAtMs: (rest) => newest(files.recordedAtMs, nameMs(name), endOf(rest)),
    youngestSignMs: [files.youngestSignMs],
    doubts: files.doubts,
    detail: { type: 'events' },
  });
}

function archivedFiles(storage: Storage): Item[] {
  return storage.survey.eventFiles.map((entry) =>
    itemOf(storage, {
      kind: 'events',
      name: entry.name,
      root: entry.root,
      parts: [partOf('main', entry.seen)],
      attributed: { repository: undefined, attribution: 'none' },
      owners: [],
      recordedAtMs: () => newest(entry.lastRecordMs, eventNameMs(entry.name).lastMs),
      youngestSignMs: [entry.seen.mtimeMs],
      doubts: [entry.link],
      detail: { type: 'events' },
    }),
  );
}
