import type { Event } from '../journal/event.ts';
import { identify } from '../disk/identity.ts';
import type { Operation } from './intent.ts';
import { putBackDurably, type MovedOut } from './move-out.ts';
import { letGo, notAsKept, type Taken } from './snapshot.ts';

/**
 * What became of a worktree whose work was kept before it was to move: it goes only as it was kept, else it is put back.
 * The snapshot is let go of only when the worktree is seen whole in its place.
 *
 * @returns `undefined` when the move says all there is to say
 */
export async function settleKept(
  { op, item, intent, attempt }: Operation,
  journalId: string,
  taken: Taken,
  moved: MovedOut,
): Promise<Event | undefined> {
  if (moved.type === 'stuck') return undefined;
  if (moved.type !== 'moved') {
    const there = identify(item.path);
    const isGone = there.isOk() && there.value === undefined;
    if (isGone && moved.type !== 'failed') return { type: 'ItemVanished', item: item.id };
    await letGo(intent);
    return undefined;
  }
  const problem = await notAsKept(intent, op, journalId, taken);
  if (problem === undefined) return undefined;
  const back = await putBackDurably(intent.moves);
  if (back.isErr()) {
    const { path, code } = back.error;
    return { type: 'PutBackBlocked', item: item.id, path, code };
  }
  const kept = await letGo(intent);
  if (problem.type === 'lost' && kept === undefined) {
    const detail = `no snapshot, no removal: ${problem.what}`;
    const fields = { item: item.id, code: 'ESNAPSHOT', path: item.path, attempt, retryable: false };
    return { type: 'ItemFailed', ...fields, detail };
  }
  const evidence = { path: item.path, what: problem.what, ...stillKept(kept, taken.ref) };
  return { type: 'ItemDrifted', item: item.id, reason: 'changed-since-decision', evidence };
}

/** Evidence that a worktree in its place is not whole. */
export function stillKept(
  why: string | undefined,
  ref: string | undefined,
): Readonly<Record<string, string>> {
  if (why === undefined) return {};
  return ref === undefined ? { broken: why } : { broken: why, kept: ref };
}
