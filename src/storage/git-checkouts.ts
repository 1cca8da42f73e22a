import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import { addTo } from '../model/groups.ts';
import { errorCode, unreadable } from './see.ts';
import { together } from './together.ts';
import { readPointer } from './worktree-link.ts';

/** Git directories by the full names of the branches that are checked out in them, or rebased, or bisected from. */
export type Checkouts = ReadonlyMap<string, readonly string[]>;

/** What each git directory says of branches in use; the last one has lines of `ref`, old and new commit. */
const files = [
  'HEAD',
  'rebase-merge/head-name',
  'rebase-apply/head-name',
  'BISECT_START',
  'rebase-merge/update-refs',
];

/** Which branches are in use in the main working directory (or as HEAD of a bare repository) and in all worktrees. */
export const readCheckouts: (mainGitDir: string, asked: undefined) => Promise<Result<Checkouts, Doubt>> =
  together(async (mainGitDir, questions) => {
    const answer = await checkoutsOf(mainGitDir);
    return questions.map(() => answer);
  });

async function checkoutsOf(mainGitDir: string): Promise<Result<Checkouts, Doubt>> {
  const registered = await registrations(join(mainGitDir, 'worktrees'));
  if (registered.isErr()) return err(registered.error);
  const found = new Map<string, string[]>();
  for (const gitDir of [mainGitDir, ...registered.value]) {
    for (const file of files) {
      const text = await readPointer(join(gitDir, file));
      if (text.isErr()) return err(text.error);
      for (const ref of branchesIn(text.value ?? '')) addTo(found, ref, gitDir);
    }
  }
  return ok(found);
}

function branchesIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const word = line.replace(/^ref: /u, '').trim();
    if (word === '') return [];
    // BISECT_START has short names; of hashes nothing comes but names that no branch has.
    return word.startsWith('refs/') ? [word] : [`refs/heads/${word}`];
  });
}

/** Admin directories of all worktrees that git knows. */
export async function registrations(directory: string): Promise<Result<readonly string[], Doubt>> {
  try {
    const names = await readdir(directory);
    return ok(names.map((name) => join(directory, name)));
  } catch (cause) {
    return errorCode(cause) === 'ENOENT' ? ok([]) : err(unreadable(directory, cause));
  }
}
