import type { OwnerId } from '../model/owner.ts';
import type { Repositories } from './attribution.ts';
import { nameMs } from './names.ts';
import { sessionOwner, type Relations } from './relations.ts';
import { isTerminal } from './session-file.ts';
import type { EventsEntry } from './entries.ts';

/** A run opens its event file up to this long before it writes its session record (PRODIGY-STORAGE 6.1). */
const leadMs = 15_000;
const secondMs = 1000;

type Start = { readonly id: string; readonly startedAtMs: number; readonly isOpen: boolean };

/**
 * Ties the event directory of an ordinary run, whose name is random, to sessions that began just after it in the
 * same repository. A guess, and only ever used to protect more: where several sessions fit, all of them own it.
 */
export function eventOwners(
  relations: Relations,
  repositories: Repositories,
): (entry: EventsEntry) => OwnerId[] {
  const starts: Start[] = [];
  for (const [id, record] of relations.records) {
    if (record.state === 'read') {
      starts.push({ id, startedAtMs: record.startedAtMs, isOpen: !isTerminal(record.status) });
      continue;
    }
    // What a record that cannot be understood does not tell, the name may: it holds when the session was made.
    const madeAtMs = record.state === 'broken' ? nameMs(id) : undefined;
    if (madeAtMs !== undefined) starts.push({ id, startedAtMs: madeAtMs, isOpen: true });
  }
  starts.sort((a, b) => a.startedAtMs - b.startedAtMs);

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
    return [...owners];
  };
}

function isOf(holder: string, { id, isOpen }: Start, repositories: Repositories): boolean {
  const { repository } = repositories.ofSession(id);
  // A session that nobody can place may be this one; when it is still open, better so.
  if (repository === undefined) return isOpen;
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
