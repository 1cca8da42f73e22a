import { dirname } from 'node:path';
import { readMounts, type MountTable } from '../disk/mounts.ts';
import { KeptDirectories } from '../disk/held.ts';
import { identify } from '../disk/identity.ts';
import { syncDirectories } from '../disk/quarantine.ts';
import { removeFile } from '../disk/remove-file.ts';
import { removeTree } from '../disk/remove.ts';
import type { Event } from '../journal/event.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { DiskFailure, ItemFailure } from '../model/failure.ts';
import type { Identity } from '../model/item.ts';
import { gitComplaint } from '../storage/git-complaint.ts';
import { breaths } from './breaths.ts';
import { eachOf } from './each-of.ts';
import type { Fact } from './run-record.ts';
import { keepForUndo, keepSettings } from './keepsake.ts';
import { deleteBranches, detachWorktree } from './worktrees.ts';

/** An operation whose parts all lie in quarantine. */
export type Quarantined = { readonly op: string; readonly intent: RemovalIntended; readonly attempt: number };

/** How many trees are freed side by side; within each the remover has many calls in flight of its own. */
const treesAtOnce = 4;
/** A file has one. */
const filesAtOnce = 64;

/**
 * Frees the bytes of what is in quarantine: takes worktrees out of git, unlinks, makes it durable, and only then says
 * what became of each. Never stops at the first failure; what an abort leaves in quarantine, `resume` frees.
 *
 * @param heads - commits that worktrees which are gone have to be made again from: no branch goes that alone reaches one
 */
export async function free(
  operations: readonly Quarantined[],
  heads: readonly string[],
  signal?: AbortSignal,
  onFreed: (operation: Quarantined) => void = () => undefined,
): Promise<readonly Fact[]> {
  const mounts = await readMounts();
  // Thousands of files lie in one quarantine.
  using kept = new KeptDirectories();
  const breathe = breaths();
  const done: { operation: Quarantined; event: Event; branches: readonly Event[] }[] = [];
  const freed = async (operation: Quarantined): Promise<void> => {
    if (signal?.aborted === true) return;
    done.push({ operation, ...(await freeOne(operation, heads, { mounts, kept })) });
    onFreed(operation);
    await breathe();
  };
  await eachOf(operations.filter(isOfFiles), filesAtOnce, freed);
  await eachOf(
    operations.filter((operation) => !isOfFiles(operation)),
    treesAtOnce,
    freed,
  );

  const directories = new Set(
    done.flatMap(({ operation }) =>
      operation.intent.moves.flatMap(({ to, keptAt }) => [
        dirname(to),
        ...(keptAt === undefined ? [] : [dirname(keptAt)]),
      ]),
    ),
  );
  const synced = await syncDirectories([...directories]);
  return done.flatMap(({ operation, event, branches }) => {
    const isUnsynced = synced.isErr() && event.type === 'ItemRemoved';
    const last = isUnsynced ? blocked(operation, [synced.error], 1) : event;
    // The item's own event comes last: it ends the operation.
    return [...branches, last].map((one) => ({ op: operation.op, event: one }));
  });
}

/** By what the intent says; what lies there is looked at when it goes. */
function isOfFiles({ intent }: Quarantined): boolean {
  return intent.worktree === undefined && intent.moves.every(({ identity }) => isFile(identity));
}

function isFile({ type }: Identity): boolean {
  return type === 'file' || type === 'symlink';
}

type Means = { readonly mounts: MountTable | undefined; readonly kept: KeptDirectories };
type Freed = { readonly event: Event; readonly branches: readonly Event[] };

async function freeOne(operation: Quarantined, heads: readonly string[], means: Means): Promise<Freed> {
  const { intent } = operation;
  if (intent.worktree === undefined) return { event: await freeBytes(operation, means), branches: [] };
  const kept = await keepSettings(intent);
  if (kept.isErr()) return { event: blocked(operation, [kept.error], 1), branches: [] };
  const left = await detachWorktree(intent.worktree, intent.moves[0]?.path ?? '');
  if (left.isErr()) {
    return { event: blocked(operation, [asDiskFailure(left.error, intent)], 1), branches: [] };
  }
  const branches = await deleteBranches(intent, heads);
  return { event: await freeBytes(operation, means), branches };
}

async function freeBytes(operation: Quarantined, { mounts, kept }: Means): Promise<Event> {
  const { intent } = operation;
  let files = 0;
  let wasThere = false;
  const failures: DiskFailure[] = [];
  let failed = 0;
  for (const { to, keptAt, identity } of intent.moves) {
    const present = identify(to);
    wasThere ||= present.isOk() && present.value !== undefined;
    if (keptAt === undefined && isFile(identity)) {
      const file = await removeFile(to, kept.hold);
      if (file.isErr()) {
        failures.push(file.error);
        failed += 1;
        continue;
      }
      if (file.value !== 'directory') {
        files += file.value.removed ? 1 : 0;
        continue;
      }
    }
    if (keptAt !== undefined) {
      const kept = await keepForUndo(to, keptAt, intent.root);
      if (kept.isOk()) continue;
      failures.push(kept.error);
      failed += 1;
      continue;
    }
    const removed = await removeTree(to, dirname(to), mounts === undefined ? {} : { mounts });
    if (removed.isErr()) {
      failures.push(asDiskFailure(removed.error, intent));
      failed += 1;
      continue;
    }
    files += removed.value.removedEntries;
    failures.push(...removed.value.blocked);
    failed += removed.value.blockedCount;
    // "Removed" may only be said after a look (LESSONS 2).
    if (!removed.value.gone && removed.value.blockedCount === 0) {
      failures.push({ type: 'disk', code: 'ENOTEMPTY', syscall: 'rmdir', path: to });
      failed += 1;
    }
  }
  if (failed > 0) return blocked(operation, failures, failed);
  return {
    type: 'ItemRemoved',
    item: intent.item,
    bytes: intent.bytes,
    files,
    ...(wasThere ? {} : { observed: 'absent' as const }),
  };
}

function blocked({ intent, attempt }: Quarantined, failures: readonly DiskFailure[], count: number): Event {
  const git = failures.find(({ code }) => code === 'EGIT');
  return {
    type: 'PurgeBlocked',
    item: intent.item,
    paths: failures.slice(0, 20).map(({ path }) => path),
    codes: [...new Set(failures.map(({ code }) => code))],
    blocked: count,
    ...(git === undefined ? {} : { detail: `git would not let go of it: ${git.syscall}` }),
    attempt,
  };
}

function asDiskFailure(failure: ItemFailure, intent: RemovalIntended): DiskFailure {
  if (failure.type === 'disk') return failure;
  const path = intent.moves[0]?.path ?? intent.root;
  // What git would not let go of is its registration: where that lies is where something can be done about it.
  if (failure.type === 'git') {
    const registration = intent.worktree?.adminDir ?? path;
    return { type: 'disk', code: 'EGIT', syscall: gitComplaint(failure), path: registration };
  }
  return { type: 'disk', code: 'EOUTSIDE', syscall: failure.type, path };
}
