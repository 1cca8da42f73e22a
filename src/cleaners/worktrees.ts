import type { Result } from 'neverthrow';
import type { BranchDeleted, BranchKept, RemovalIntended } from '../journal/event-removal.ts';
import type { DiskFailure, GitFailure } from '../model/failure.ts';
import type { Item } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { groupBy } from '../model/groups.ts';
import { deleteBranch } from '../storage/git-branch.ts';
import { unregisterWorktree } from '../storage/git-registration.ts';
import { nothingKnown } from '../storage/git-worktree.ts';
import { jobOfAgent, nameMs } from '../storage/names.ts';
import { worktreeOwners } from '../storage/relations.ts';
import type { Storage } from '../storage/storage.ts';
import type { MetadataEntry, WorktreeEntry } from '../storage/entries.ts';
import { newest } from '../storage/time.ts';
import { endOf, itemOf, partOf, type Cleaner } from './cleaner.ts';

/** Worktrees of sessions and agents, each with its metadata, which never goes alone and never later. */
export const worktreesCleaner: Cleaner = {
  kind: 'worktrees',
  find(storage) {
    const { worktrees, metadata } = storage.survey;
    const records = groupBy(metadata, keyOf);
    return worktrees.map((entry) => worktreeItem(storage, entry, records.get(keyOf(entry))?.[0]));
  },
};

/** Metadata whose worktree is gone: nothing to remove by itself, but worth telling. */
export function strayMetadata({ survey }: Storage): Doubt[] {
  const worktrees = new Set(survey.worktrees.map(keyOf));
  return survey.metadata
    .filter((entry) => !worktrees.has(keyOf(entry)))
    .map(({ path }) => ({ reason: 'unknown-format', detail: 'metadata without a worktree', path }));
}

/** Takes a worktree whose directory has moved away out of git. A registration already gone counts as done. */
export function detachWorktree(
  registration: { readonly mainGitDir: string; readonly adminDir: string },
  path: string,
): Promise<Result<'unregistered' | 'already', GitFailure | DiskFailure>> {
  return unregisterWorktree(registration, path);
}

/**
 * Deletes the branches that go with a worktree, after it has left git; what became of each.
 *
 * @param heads - commits that worktrees which are gone have to be made again from
 */
export async function deleteBranches(
  { item, worktree, deletes = [] }: RemovalIntended,
  heads: readonly string[],
): Promise<readonly (BranchDeleted | BranchKept)[]> {
  if (worktree === undefined) return [];
  const events: (BranchDeleted | BranchKept)[] = [];
  for (const branch of deletes) {
    const { ref, commit, into } = branch;
    const done = await deleteBranch(worktree.mainGitDir, { ...branch, heads });
    events.push(
      done.isErr()
        ? { type: 'BranchKept', item, branch: ref, commit, reason: done.error }
        : {
            type: 'BranchDeleted',
            item,
            branch: ref,
            commit,
            into,
            ...(done.value === 'absent' ? { observed: 'absent' as const } : {}),
          },
    );
  }
  return events;
}

function worktreeItem(storage: Storage, entry: WorktreeEntry, record: MetadataEntry | undefined): Item {
  const { holder, name, signs, seen } = entry;
  const { relations } = storage;
  const metadata = record?.reading.state === 'read' ? record.reading.value : undefined;
  const job = jobOfAgent(name);
  return itemOf(storage, {
    kind: 'worktrees',
    name: `${holder}/${name}`,
    root: entry.root,
    parts: [partOf('main', seen), ...(record === undefined ? [] : [partOf('metadata', record.seen)])],
    attributed: storage.repositories.ofWorktree(entry),
    owners: worktreeOwners(holder, name, relations.ownersIn),
    recordedAtMs: (rest) => newest(metadata?.createdAtMs ?? nameMs(name) ?? signs.gitFileMs, endOf(rest)),
    youngestSignMs: [
      seen.mtimeMs,
      signs.gitFileMs,
      signs.lastGitSignMs,
      record?.seen.mtimeMs,
      metadata?.updatedAtMs,
    ],
    doubts: doubtsOf(entry, record),
    detail: {
      type: 'worktree',
      facts: {
        ...nothingKnown,
        mainGitDir: signs.mainGitDir,
        adminDir: signs.adminDir,
        branch: signs.branch,
        originalBranch: originalBranch(metadata?.originalBranch),
        lastGitSignMs: signs.lastGitSignMs,
      },
      agent: job !== undefined,
      jobs: job === undefined ? [] : [job],
    },
  });
}

function doubtsOf({ link, signs, path }: WorktreeEntry, record: MetadataEntry | undefined): Doubt[] {
  const doubts: Doubt[] = [];
  const doubt = (reason: Doubt['reason'], detail: string): void => {
    doubts.push({ reason, detail, path });
  };
  if (link !== undefined) doubts.push(link);
  else if (signs.git === 'absent') doubt('unknown-format', noGit(record));
  else if (signs.git === 'odd') doubt('unknown-format', '.git is not the file of a worktree');
  else if (signs.mainGitDir === undefined) doubt('unreachable-commits', 'its repository cannot be found');
  const { reading } = record ?? {};
  if (reading?.state === 'broken') doubts.push(reading.doubt);
  return doubts;
}

function noGit(record: MetadataEntry | undefined): string {
  return record === undefined ? 'neither .git nor metadata' : 'no .git';
}

function originalBranch(recorded: string | undefined): string | undefined {
  return recorded === '' ? undefined : recorded;
}

function keyOf({ root, holder, name }: WorktreeEntry | MetadataEntry): string {
  return `${root}\n${holder}\n${name}`;
}
