import { itemId, type Item, type ItemId } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import { addTo } from '../model/groups.ts';
import { nameMs } from '../storage/names.ts';
import { mappingOwners, sessionOwner } from '../storage/relations.ts';
import { stampOf } from '../storage/stamp.ts';
import type { Storage } from '../storage/storage.ts';
import type { JobEntry, MappingEntry, MapreduceEntry } from '../storage/entries.ts';
import { endOf, itemOf, partOf, type Cleaner } from './cleaner.ts';

/** State of MapReduce jobs: a directory a job, mapping files, and the empty directory that each run leaves. */
export const stateCleaner: Cleaner = {
  kind: 'state',
  find(storage) {
    const { survey, relations } = storage;
    const letters = pendingLetters(storage);
    const items = [
      ...survey.jobs.map((entry) => jobItem(storage, entry)),
      ...survey.mapreduces
        .filter(({ holder, link }) => link !== undefined || relations.isSession(holder))
        .map((entry) => emptyItem(storage, entry)),
      ...survey.mappings.map((entry) => mappingItem(storage, entry)),
    ];
    return letters.size === 0 ? items : items.map((item) => withLetters(item, letters));
  },
};

/** Items with letters that wait for a retry or a review, by the jobs that could retry them. */
function pendingLetters({ survey, relations }: Storage): ReadonlyMap<OwnerId, ItemId[]> {
  const pending = new Map<OwnerId, ItemId[]>();
  for (const { holder, job, letters, path } of survey.deadLetters) {
    if (letters.pendingRetry + letters.pendingReview === 0) continue;
    for (const owner of new Set(relations.ownersIn(holder, job, ...letters.jobs))) {
      if (owner.startsWith('job:')) addTo(pending, owner, itemId('dlq', path));
    }
  }
  return pending;
}

type Open = { -readonly [Field in keyof Item]: Item[Field] };

function withLetters(item: Open, pending: ReadonlyMap<OwnerId, readonly ItemId[]>): Item {
  const letters = [...new Set(item.owners.flatMap((owner) => pending.get(owner) ?? []))];
  if (item.detail.type !== 'state' || letters.length === 0) return item;
  item.detail = { ...item.detail, letters };
  return item;
}

function jobItem(storage: Storage, entry: JobEntry): Item {
  const { holder, job, state } = entry;
  const { relations } = storage;
  const parent = state.parentSession;
  const parents = parent !== undefined && relations.isSession(parent) ? [sessionOwner(parent)] : [];
  return itemOf(storage, {
    kind: 'state',
    name: holder === undefined ? job : `${holder}/${job}`,
    root: entry.root,
    parts: [partOf('main', entry.seen, state.stamp)],
    attributed: storage.repositories.ofHolder(holder),
    owners: [...relations.ownersIn(holder, job), ...parents],
    recordedAtMs: () => state.recordedAtMs ?? nameMs(job),
    youngestSignMs: [state.youngestSignMs],
    doubts: state.doubts,
    detail: { type: 'state', complete: state.state === 'complete' || state.state === 'none' },
  });
}

function emptyItem(storage: Storage, { holder, root, seen, link }: MapreduceEntry): Item {
  return itemOf(storage, {
    kind: 'state',
    name: `${holder}/mapreduce`,
    root,
    parts: [partOf('main', seen, stampOf(seen.path, []))],
    attributed: storage.repositories.ofHolder(holder),
    owners: storage.relations.ownersIn(holder),
    recordedAtMs: (rest) => endOf(rest) ?? nameMs(holder),
    youngestSignMs: [seen.mtimeMs],
    doubts: [link],
    detail: { type: 'state', complete: true },
  });
}

function mappingItem(storage: Storage, entry: MappingEntry): Item {
  const { holder, name, reading, seen } = entry;
  return itemOf(storage, {
    kind: 'state',
    name: `${holder}/mappings/${name}`,
    root: entry.root,
    parts: [partOf('main', seen)],
    attributed: storage.repositories.ofHolder(holder),
    owners: mappingOwners(entry),
    recordedAtMs: () => (reading.state === 'read' ? reading.value.createdAtMs : nameMs(name)),
    youngestSignMs: [seen.mtimeMs],
    doubts: [reading.state === 'broken' ? reading.doubt : undefined],
    detail: { type: 'state', complete: true },
  });
}
