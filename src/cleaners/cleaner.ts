import type { Detail, Item, ItemId, Part, ProcessUse, Rest, Size } from '../model/item.ts';
import { itemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import type { Attributed } from '../storage/session-finder.ts';
import { restOf } from '../storage/rest.ts';
import type { Seen } from '../storage/see.ts';
import type { Storage } from '../storage/storage.ts';
import { newest } from '../storage/time.ts';
import { compact } from './file-item.ts';

/** Knows one kind: what of the storage are its items. Of ages, runs and journals it knows nothing. */
export type Cleaner = {
  readonly kind: Kind;
  /** Items not measured yet, in the order of the storage. Asks no disk: the storage was read before. */
  find(storage: Storage): Item[];
};

/** What a cleaner says of an item; the rest follows from the storage. */
export type Draft = {
  readonly kind: Kind;
  readonly name: string;
  readonly root: string;
  /** In the order in which they are moved. */
  readonly parts: readonly Part[];
  readonly attributed: Attributed;
  readonly owners: readonly OwnerId[];
  /** They protect it; that their work ended says nothing of it. */
  readonly isOwnerGuessed?: boolean;
  /** Given what the owners say of the end of the work. */
  readonly recordedAtMs: (rest: Rest) => number | undefined;
  readonly youngestSignMs: readonly (number | undefined)[];
  readonly doubts: readonly (Doubt | undefined)[];
  readonly detail: Detail;
  /** When it is known without measuring. */
  readonly size?: Size | undefined;
  /** When there is one already: there may be a hundred thousand. */
  readonly id?: ItemId | undefined;
};

/** Most items have none of them, and there are many items. */
const none: readonly never[] = [];

/** Most have one, and there are many items. */
function distinct(owners: readonly OwnerId[]): readonly OwnerId[] {
  return owners.length === 1 ? owners : [...new Set(owners)];
}

/** Shown names and owners aside, an item is its parts. */
export function itemOf(storage: Storage, draft: Draft): Item {
  const { kind, parts, attributed } = draft;
  const owners = draft.owners.length === 0 ? none : distinct(draft.owners);
  const rest = restOf(draft.isOwnerGuessed === true ? none : owners, storage.relations);
  const recordedAtMs = draft.recordedAtMs(rest);
  const path = (parts.find(({ role }) => role === 'main') ?? parts.at(-1))?.path ?? '';
  const doubts = draft.doubts.filter((doubt) => doubt !== undefined);
  for (const part of parts) {
    const own = storage.own.doubtOf(part, draft.root);
    if (own !== undefined) doubts.unshift(own);
  }
  if (storage.blindness !== undefined) doubts.push(storage.blindness);
  const users: ProcessUse[] = [];
  for (const part of parts) for (const use of storage.usersOf(part.path)) users.push(use);
  return compact({
    id: draft.id ?? itemId(kind, path),
    kind,
    name: draft.name,
    root: draft.root,
    path,
    parts,
    repository: attributed.repository,
    attribution: attributed.attribution,
    owners,
    recordedAtMs,
    youngestSignMs: newest(recordedAtMs, ...draft.youngestSignMs) ?? storage.nowMs,
    rest,
    doubts: doubts.length === 0 ? none : doubts,
    users: users.length === 0 ? none : users,
    size: draft.size,
    detail: draft.detail,
  });
}

/** @param stamp - of a directory, as it was when what the item says was read from it */
export function partOf(role: Part['role'], { path, identity }: Seen, stamp?: string): Part {
  return stamp === undefined ? { role, path, identity } : { role, path, identity, stamp };
}

/** When the work ended, if it did. */
export function endOf(rest: Rest): number | undefined {
  return rest.type === 'ended' ? rest.atMs : undefined;
}
