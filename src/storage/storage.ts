import type { ProcessUse } from '../model/item.ts';
import type { OwnPlace } from '../model/own-place.ts';
import type { Doubt } from '../model/reason.ts';
import { readMounts } from '../disk/mounts.ts';
import { attribute, type Repositories } from './attribution.ts';
import { groupBy } from '../model/groups.ts';
import { mapEach } from './each.ts';
import { prodigiesAtWork, usersOf, type ProdigyAtWork } from './liveness.ts';
import type { ProcessTable, ReadProcesses } from './processes.ts';
import { ownPlaces, type OwnPlaces } from './own-places.ts';
import { Placing } from './placing.ts';
import { readLock } from './prodigy-lock.ts';
import { relate, type Relations } from './relations.ts';
import type { LockEntry, Survey } from './entries.ts';
import { survey as readSurvey } from './survey.ts';

export type LockFound = LockEntry & { readonly lock: Awaited<ReturnType<typeof readLock>> };

/** The storage as it was found, its relations, and the processes beside it: what cleaners make items of. */
export type Storage = {
  readonly survey: Survey;
  readonly relations: Relations;
  readonly repositories: Repositories;
  readonly table: ProcessTable;
  readonly prodigies: readonly ProdigyAtWork[];
  readonly locks: ReadonlyMap<string, readonly LockFound[]>;
  /** Set when something without which nothing can be judged could not be listed: it keeps everything. */
  readonly blindness: Doubt | undefined;
  readonly nowMs: number;
  readonly own: OwnPlaces;
  readonly placing: Placing;
  /** Processes that use something at or below `path`. */
  usersOf(path: string): readonly ProcessUse[];
};

export type StorageRequest = {
  readonly roots: readonly string[];
  readonly nowMs: number;
  readonly host: string;
  readonly ownPid: number;
  readonly readProcesses: ReadProcesses;
  /** What the run lives on: roots as they are called, its journal, wherever it lies, and its current directory. */
  readonly places: readonly OwnPlace[];
};

const locksAtOnce = 64;

export async function readStorage({
  roots,
  nowMs,
  host,
  ownPid,
  readProcesses,
  places,
}: StorageRequest): Promise<Storage> {
  const survey = await readSurvey(roots);
  const relations = relate(survey);
  const mounts = (await readMounts())?.mounts ?? [];
  const named = places.filter(({ what }) => what === 'root').map(({ path }) => path);
  const placing = new Placing(roots, named, mounts);
  const repositories = await attribute(survey, relations, placing);
  // After the records, so that a run which began meanwhile is seen by one or the other.
  const table = await readProcesses(roots);
  const found = await mapEach(survey.locks, locksAtOnce, async (entry): Promise<LockFound> => {
    const lock = await readLock(entry.path, { host, nowMs, table, ownPid });
    return { ...entry, lock };
  });
  return {
    survey,
    relations,
    repositories,
    table,
    prodigies: await prodigiesAtWork(table, roots),
    locks: groupBy(found, ({ id }) => id),
    blindness: survey.blind.find(({ vital }) => vital)?.doubt,
    nowMs,
    // A table that can be read tells who stands there, too.
    own: await ownPlaces(
      roots,
      places.filter(({ what }) => what !== 'here' || !table.readable),
      mounts,
    ),
    placing,
    usersOf: (path) => usersOf(path, table),
  };
}
