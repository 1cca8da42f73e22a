import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';
import { runGit } from './git.ts';
import { together } from './together.ts';
import type { WorktreeLink } from './worktree-link.ts';

/**
 * Settings that keep the filters of a repository's own configuration from being run when a file is compared with what
 * is committed: whoever can write into a repository could have any program run by whoever looks at it. Filters from
 * the user's own configuration (Git LFS, mostly) stay. Without its filter a file may look changed, and is kept.
 *
 * @param gitDir - the main git directory, or an admin directory with a configuration of its own
 */
export const quietFilters: (
  gitDir: string,
  asked: undefined,
) => Promise<Result<readonly string[], GitFailure>> = together(async (gitDir, questions) => {
  const answer = await foreignFilters(gitDir);
  return questions.map(() => answer);
});

/** The same for a worktree: by the settings that git would heed in it. */
export async function quietFiltersOf({
  adminDir,
  mainGitDir,
}: Pick<WorktreeLink, 'adminDir' | 'mainGitDir'>): Promise<Result<readonly string[], GitFailure>> {
  return quietFilters((await hasOwnSettings(adminDir)) ? adminDir : mainGitDir, undefined);
}

async function foreignFilters(gitDir: string): Promise<Result<readonly string[], GitFailure>> {
  const asked = await runGit(['config', '-z', '--show-scope', '--get-regexp', '^filter\\.'], { gitDir });
  // That nothing matches is an answer, too.
  if (asked.isErr()) return asked.error.exitCode === 1 ? ok([]) : err(asked.error);
  const names = new Set<string>();
  const words = asked.value.split('\0');
  for (let index = 0; index + 1 < words.length; index += 2) {
    const scope = words[index];
    const name = /^filter\.(.*)\.[a-z]+$/su.exec((words[index + 1] ?? '').split('\n')[0] ?? '')?.[1];
    if (name !== undefined && scope !== 'system' && scope !== 'global') names.add(name);
  }
  return ok(
    [...names].flatMap((name) => [
      `filter.${name}.clean=`,
      `filter.${name}.smudge=`,
      `filter.${name}.process=`,
      `filter.${name}.required=false`,
    ]),
  );
}

/** Whether a worktree has settings of its own, beyond those of its repository. */
export function hasOwnSettings(adminDir: string): Promise<boolean> {
  return lstat(join(adminDir, 'config.worktree')).then(
    () => true,
    (cause: unknown) => !(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'),
  );
}
