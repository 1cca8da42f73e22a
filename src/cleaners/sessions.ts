import { itemId, type Item, type Part } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import { addTo } from '../model/groups.ts';
import { nameMs } from '../storage/names.ts';
import { sessionOwner, worktreeOwners } from '../storage/relations.ts';
import { see } from '../storage/see.ts';
import type { Storage } from '../storage/storage.ts';
import type { CheckpointsEntry, SessionDirectoryEntry, SessionEntry } from '../storage/entries.ts';
import { itemOf, partOf, type Cleaner } from './cleaner.ts';

/** A session's record and checkpoints in one root. The record goes last: it is what explains the others. */
export const sessionsCleaner: Cleaner = {
  kind: 'sessions',
  find(storage) {
    const worktrees = worktreesOf(storage);
    return piecesOf(storage).map((pieces) => sessionItem(storage, pieces, worktrees.get(pieces.id) ?? []));
  },
};

type Pieces = {
  readonly id: string;
  readonly root: string;
  readonly record: SessionEntry | undefined;
  readonly directory: SessionDirectoryEntry | undefined;
  readonly checkpoints: CheckpointsEntry | undefined;
  /** Of merges of this session, lying among another one's or a repository's checkpoints. */
  readonly merges: readonly string[];
};

type Found = { -readonly [Field in keyof Pieces]: Pieces[Field] };

const noMerges: readonly string[] = [];

function piecesOf({ survey, relations }: Storage): Pieces[] {
  const found: Found[] = [];
  // By root and id apart: a key made of both would be put together and hashed for each piece.
  const known = new Map<string, Map<string, Found>>(survey.roots.map((root) => [root, new Map()]));
  const at = (root: string, id: string): Found => {
    const inRoot = known.get(root) ?? new Map<string, Found>();
    known.set(root, inRoot);
    const before = inRoot.get(id);
    if (before !== undefined) return before;
    const none = { record: undefined, directory: undefined, checkpoints: undefined };
    const fresh: Found = { id, root, ...none, merges: noMerges };
    inRoot.set(id, fresh);
    found.push(fresh);
    return fresh;
  };
  for (const entry of survey.sessions) at(entry.root, entry.id).record ??= entry;
  for (const entry of survey.sessionDirectories) at(entry.root, entry.id).directory ??= entry;
  for (const entry of survey.checkpoints) {
    if (relations.isSession(entry.holder)) at(entry.root, entry.holder).checkpoints ??= entry;
  }
  const merges = new Map<Found, string[]>();
  for (const { root, holder, folder } of survey.checkpoints) {
    for (const { session, path } of folder.merges) {
      const merged = known.get(root)?.get(session);
      if (session !== holder && merged !== undefined) addTo(merges, merged, path);
    }
  }
  for (const [piece, paths] of merges) piece.merges = paths;
  return found.filter(
    ({ record, directory, checkpoints }) =>
      // The empty directory that merely asking for checkpoints makes is a container.
      record !== undefined || directory !== undefined || (checkpoints !== undefined && !isEmpty(checkpoints)),
  );
}

function sessionItem(storage: Storage, pieces: Pieces, worktrees: readonly Item['id'][]): Item {
  const { id, root, record, directory, checkpoints } = pieces;
  const reading = record?.reading;
  const attributed = storage.repositories.ofSession(id);
  const repository = attributed.repository?.name;
  return itemOf(storage, {
    kind: 'sessions',
    name: repository === undefined ? id : `${repository}/${id}`,
    root,
    parts: partsOf(pieces),
    attributed,
    owners: ownersOf(pieces),
    recordedAtMs: () =>
      reading?.state === 'read'
        ? reading.value.lastRecordedMs
        : (checkpoints?.folder.recordedAtMs ?? nameMs(id)),
    youngestSignMs: [
      record?.seen.mtimeMs,
      checkpoints?.folder.youngestSignMs,
      checkpoints?.folder.recordedAtMs,
      directory?.tree.youngestSignMs,
    ],
    doubts: doubtsOf(pieces),
    detail: { type: 'session', worktrees, record: record !== undefined },
  });
}

function partsOf({ record, directory, checkpoints, merges }: Pieces): Part[] {
  const parts: Part[] = [];
  for (const path of merges) {
    const seen = see(path).unwrapOr(undefined);
    if (seen !== undefined) parts.push(partOf('merge-checkpoint', seen));
  }
  const mainPart = record ?? checkpoints ?? directory;
  if (checkpoints !== undefined && checkpoints !== mainPart)
    parts.push(partOf('checkpoints', checkpoints.seen, checkpoints.folder.stamp));
  if (directory !== undefined && directory !== mainPart)
    parts.push(partOf('directory', directory.seen, directory.tree.stamp));
  if (mainPart !== undefined) {
    const stamp = mainPart === checkpoints ? checkpoints.folder.stamp : directory?.tree.stamp;
    parts.push(partOf('main', mainPart.seen, mainPart === record ? undefined : stamp));
  }
  return parts;
}

/** Whoever's merge left a checkpoint among this session's own goes with it, so it must agree. */
function ownersOf({ id, checkpoints }: Pieces): OwnerId[] {
  const owners = [sessionOwner(id)];
  for (const { session } of checkpoints?.folder.merges ?? []) owners.push(sessionOwner(session));
  return owners;
}

function doubtsOf({ record, directory, checkpoints }: Pieces): (Doubt | undefined)[] {
  const { reading } = record ?? {};
  return [
    reading?.state === 'broken' ? reading.doubt : undefined,
    record?.link,
    ...(directory?.doubts ?? []),
    ...(checkpoints?.folder.doubts ?? []),
  ];
}

function isEmpty({ folder }: CheckpointsEntry): boolean {
  return folder.own === 0 && folder.merges.length === 0 && folder.doubts.length === 0;
}

/** Ids of the worktree items that each session's record explains, agents included. */
function worktreesOf({ survey, relations }: Storage): ReadonlyMap<string, Item['id'][]> {
  const known = new Map<string, Item['id'][]>();
  for (const { holder, name, path } of survey.worktrees) {
    for (const owner of worktreeOwners(holder, name, relations.ownersIn)) {
      if (owner.startsWith('session:'))
        addTo(known, owner.slice('session:'.length), itemId('worktrees', path));
    }
  }
  return known;
}

/** Checkpoints that belong to no session we know: left alone, but worth telling. */
export function strayCheckpoints({ survey, relations }: Storage): Doubt[] {
  return survey.checkpoints
    .filter(
      ({ holder, folder }) => !relations.isSession(holder) && (folder.own > 0 || folder.doubts.length > 0),
    )
    .map(({ path }) => ({ reason: 'unattributed', detail: 'checkpoints of no session', path }));
}
