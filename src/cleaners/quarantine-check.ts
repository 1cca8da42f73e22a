import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isSameWithin } from '../disk/identity.ts';
import type { Move } from '../journal/event-removal.ts';
import type { OpenOperation, WholeOperation } from '../projections/open-operations.ts';
import { operationOf, quarantineLevels } from './quarantine-place.ts';

/** Where the disk is not as the journal says. */
export type DiskFinding =
  /** Neither in its place nor in quarantine, or not in quarantine any more. */
  | { readonly type: 'part-missing'; readonly op: string; readonly item: string; readonly path: string }
  /** Something else lies where it should be in quarantine. */
  | { readonly type: 'part-foreign'; readonly op: string; readonly item: string; readonly path: string }
  /** It lies in quarantine, and no open operation put it there. */
  | { readonly type: 'quarantine-unknown'; readonly path: string };

/** What an open operation is compared by. */
export type Compared = Pick<WholeOperation, 'op' | 'state' | 'intent'>;

/**
 * Compares open operations with the disk, page by page. Only while no run is under way: it would be between the two.
 *
 * @param inPlace - ids of open operations that were seen to be as the journal says
 */
export async function checkQuarantine(
  open: AsyncIterable<readonly Compared[]> | Iterable<readonly Compared[]>,
  roots: readonly string[],
  journalId: string,
  inPlace: Iterable<OpenOperation['op']> = [],
): Promise<readonly DiskFinding[]> {
  const findings: DiskFinding[] = [];
  const known = new Set<string>(inPlace);
  for await (const page of open) {
    for (const operation of page) {
      known.add(operation.op);
      findings.push(...(await checkOperation(operation)));
    }
  }
  for (const root of roots) {
    const directory = join(root, ...quarantineLevels(journalId));
    const names: readonly string[] = await readdir(directory).catch(() => []);
    for (const name of names.toSorted()) {
      const path = join(directory, name);
      if (!known.has(operationOf(path) ?? '')) findings.push({ type: 'quarantine-unknown', path });
    }
  }
  return findings;
}

async function checkOperation({ op, state, intent }: Compared): Promise<readonly DiskFinding[]> {
  const { item } = intent;
  // Lesser parts may have been gone before, and what is being freed may be gone in part.
  const main = intent.moves.find(({ role }) => role === 'main');
  if (main === undefined || state === 'purging' || state === 'blocked') return [];
  const there = await seen(main);
  if (there === 'foreign') return [{ type: 'part-foreign', op, item, path: main.to }];
  if (there !== 'absent') return [];
  if (state === 'quarantined') return [{ type: 'part-missing', op, item, path: main.to }];
  const original = identify(main.path);
  const isGone = original.isOk() && original.value === undefined;
  return isGone ? [{ type: 'part-missing', op, item, path: main.path }] : [];
}

async function seen({ to, identity }: Move): Promise<'there' | 'absent' | 'foreign' | 'unknown'> {
  const found = identify(to);
  if (found.isErr()) return 'unknown';
  if (found.value === undefined) return 'absent';
  return isSameWithin(found.value, identity) ? 'there' : 'foreign';
}
