import type { OwnerId } from '../model/owner.ts';
import type { Repositories } from './attribution.ts';
import { nameMs } from './names.ts';
import { sessionOwner } from './relations.ts';
import { isTerminal } from './session-file.ts';
import type { EventsEntry } from './entries.ts';
import type { Storage } from './storage.ts';

/** A run opens its event file up to this long before it writes its session record (PRODIGY-STORAGE 6.1). */
const leadMs = 15_000;
const secondMs = 1000;

/** @property isLoose - could still come to life, or nobody can tell: better tied to too much than to nothing */
type Start = { readonly id: string; readonly startedAtMs: number; readonly isLoose: boolean };

/**
 * Ties the event directory of an ordinary run, whose name is random, to sessions that began just after it in the
 * same repository. A guess, and only ever used to protect more: where several sessions fit, all of them own it.
 */
export function eventOwners(storage: Storage): (entry: EventsEntry) => OwnerId[] {
  const { repositories } = storage;
  const { starts, undated } = startsOf(storage);
  return ({ holder, files }) => {
    if (holder === undefined) return [];
    const owners = new Set<OwnerId>();
    for (const startMs of files.startsMs) {
      // Names are cut to seconds, so the record may be one more second away.
      for (let at = firstFrom(starts, startMs); at < starts.length; at++) {
        const start = starts[at];
        if (start === undefined || start.startedAtMs >= startMs + leadMs + secondMs) break;
        if (isOf(holder, start, repositories)) owners.add(sessionOwner(start.id));
      }
    }
    if (owners.size > 0) return [...owners];
    // Whoever cannot say when it began may have begun with what fits nobody else.
    return undated.filter((start) => isOf(holder, start, repositories)).map(({ id }) => sessionOwner(id));
  };
}

function startsOf({ relations, survey, nowMs }: Storage): { starts: Start[]; undated: Start[] } {
  const starts: Start[] = [];
  const undated: Start[] = [];
  const doubted = new Set(
    survey.checkpoints.filter(({ folder }) => folder.doubts.length > 0).map(({ holder }) => holder),
  );
  for (const [id, record] of relations.records) {
    if (record.state === 'absent') continue;
    const isLoose = record.state === 'broken' || !isTerminal(record.status) || doubted.has(id);
    const recordedMs =
      record.state === 'read' && record.startedAtMs <= nowMs + secondMs ? record.startedAtMs : undefined;
    // What a record does not tell, or not credibly, the name may: it holds when the session was made.
    const times = new Set([recordedMs, nameMs(id)].filter((ms) => ms !== undefined));
    for (const startedAtMs of times) starts.push({ id, startedAtMs, isLoose });
    if (times.size === 0) undated.push({ id, startedAtMs: NaN, isLoose });
  }
  starts.sort((a, b) => a.startedAtMs - b.startedAtMs);
  return { starts, undated };
}

function isOf(holder: string, { id, isLoose }: Start, repositories: Repositories): boolean {
  const { repository } = repositories.ofSession(id);
  // A session that nobody can place may be this one; when it could matter, better so.
  if (repository === undefined) return isLoose;
  if (repository.name === holder) return true;
  return repository.gitDir !== undefined && repositories.gitDirsOf(holder).has(repository.gitDir);
}

/** Index of the first start at or after `atMs`. */
function firstFrom(starts: readonly Start[], atMs: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle]?.startedAtMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
