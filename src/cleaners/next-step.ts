import { dirname } from 'node:path';
import { identify, isSameWithin, isUnchanged, sameObject } from '../disk/identity.ts';
import { dropSecondName, syncDirectories } from '../disk/quarantine.ts';
import type { Move } from '../journal/event-removal.ts';
import type { Identity } from '../model/item.ts';
import type { WholeOperation } from '../projections/open-operations.ts';
import { reconcile, type NextStep, type SeenPart } from '../run/reconcile.ts';
import { isRegistered } from '../storage/git-registration.ts';
import { notHeld } from './snapshot.ts';

/** The work in it is kept nowhere any more, and it may be freed in part: it is left where it is. */
export type NotHeld = { readonly type: 'not-held'; readonly path: string; readonly why: string };

/** What is to be done next about an operation that was left half done, by what its parts look like now. */
export async function stepFor({
  state,
  intent,
}: Pick<WholeOperation, 'state' | 'intent'>): Promise<NextStep | NotHeld> {
  const { moves, worktree } = intent;
  const seen = await see(moves);
  const main = mainOf(moves);
  const found = reconcile(state, seen, main);
  if (worktree === undefined) return found;
  // Nobody may have looked whether somebody worked in it until it was moved: it is put back, and judged again.
  if (found.type === 'record-quarantined') {
    return { type: 'put-back', parts: movedOf(seen), next: 'decide-again' };
  }
  const why = found.type === 'purge' ? await notHeld(intent) : undefined;
  if (why === undefined) return found;
  const { path = '', to = '' } = moves[main] ?? {};
  // What git still knows has not begun to be freed.
  return (await isRegistered(worktree, path))
    ? { type: 'put-back', parts: movedOf(seen), next: 'record-restored' }
    : { type: 'not-held', path: to, why };
}

function movedOf(seen: readonly SeenPart[]): readonly number[] {
  return seen.flatMap(({ quarantine }, index) => (quarantine === 'same' ? [index] : []));
}

function mainOf(moves: readonly Move[]): number {
  const main = moves.findIndex(({ role }) => role === 'main');
  return main === -1 ? moves.length - 1 : main;
}

async function see(moves: readonly Move[]): Promise<readonly SeenPart[]> {
  const seen: SeenPart[] = [];
  for (const { path, to, identity } of moves) {
    // Putting a file back gives it its old name before it takes the other away: a crash leaves both.
    if (dropSecondName(to, path)) await syncDirectories([dirname(to)]);
    const original = identify(path);
    seen.push({
      original: original.isErr() ? 'unknown' : compare(original.value, identity),
      quarantine: inQuarantine(to, identity),
    });
  }
  return seen;
}

function inQuarantine(to: string, identity: Identity): SeenPart['quarantine'] {
  const found = identify(to);
  if (found.isErr()) return 'unknown';
  if (found.value !== undefined) return isSameWithin(found.value, identity) ? 'same' : 'other';
  return leadsAstray(dirname(to)) ? 'unknown' : 'absent';
}

/** Whether something else lies in the place of a directory: what was moved to it is elsewhere, and may come back. */
function leadsAstray(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    const found = identify(at);
    if (found.isErr()) return true;
    if (found.value !== undefined) return found.value.type !== 'directory';
    if (dirname(at) === at) return false;
  }
}

function compare(now: Identity | undefined, then: Identity): 'absent' | 'same' | 'changed' | 'other' {
  if (now === undefined) return 'absent';
  if (!sameObject(now, then)) return 'other';
  return isUnchanged(now, then) ? 'same' : 'changed';
}
