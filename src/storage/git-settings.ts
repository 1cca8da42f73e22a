import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';
import { runGit } from './git.ts';
import { together } from './together.ts';
import type { WorktreeLink } from './worktree-link.ts';

/** What the settings of a repository say, of what matters here. */
export type RepositorySettings = {
  /**
   * Settings that keep the filters of a repository's own configuration from being run when a file is compared with
   * what is committed: whoever can write into a repository could have any program run by whoever looks at it. Filters
   * from the user's own configuration (Git LFS, mostly) stay. Without its filter a file may look changed, and is kept.
   */
  readonly quiet: readonly string[];
  /** `init.defaultBranch`. */
  readonly defaultBranch: string | undefined;
};

/** @param gitDir - the main git directory, or an admin directory with a configuration of its own */
export const settingsOf: (
  gitDir: string,
  asked: undefined,
) => Promise<Result<RepositorySettings, GitFailure>> = together(async (gitDir, questions) => {
  const answer = await readSettings(gitDir);
  return questions.map(() => answer);
});

/** The same for a worktree: the settings that git would heed in it. */
export async function settingsOfWorktree({
  adminDir,
  mainGitDir,
}: Pick<WorktreeLink, 'adminDir' | 'mainGitDir'>): Promise<Result<RepositorySettings, GitFailure>> {
  return settingsOf((await hasOwnSettings(adminDir)) ? adminDir : mainGitDir, undefined);
}

async function readSettings(gitDir: string): Promise<Result<RepositorySettings, GitFailure>> {
  const wanted = '^(filter\\..*|init\\.defaultbranch)$';
  const asked = await runGit(['config', '-z', '--show-scope', '--get-regexp', wanted], { gitDir });
  // That nothing matches is an answer, too.
  if (asked.isErr() && asked.error.exitCode !== 1) return err(asked.error);
  const names = new Set<string>();
  let defaultBranch: string | undefined;
  const words = asked.unwrapOr('').split('\0');
  for (let index = 0; index + 1 < words.length; index += 2) {
    const scope = words[index];
    const [key = '', ...value] = (words[index + 1] ?? '').split('\n');
    // Of several the last one counts.
    if (key === 'init.defaultbranch') defaultBranch = value.join('\n').trim();
    const name = /^filter\.(.*)\.[a-z]+$/su.exec(key)?.[1];
    if (name === undefined || scope === 'system' || scope === 'global') continue;
    // On the command line such a name ends at its first `=`; bytes that are no text come out as others.
    if (/[=\uFFFD]/u.test(name)) return err(unsilenceable(name));
    names.add(name);
  }
  const quiet = [...names].flatMap((name) => [
    `filter.${name}.clean=`,
    `filter.${name}.smudge=`,
    `filter.${name}.process=`,
    `filter.${name}.required=false`,
  ]);
  return ok({ quiet, defaultBranch });
}

/** A program would be run by whoever looks: so nobody looks. */
function unsilenceable(name: string): GitFailure {
  const stderr = `the repository sets a filter that cannot be kept from running: ${JSON.stringify(name)}`;
  return { type: 'git', args: ['config'], exitCode: undefined, stderr };
}

/** Whether a worktree has settings of its own, beyond those of its repository. */
export function hasOwnSettings(adminDir: string): Promise<boolean> {
  return lstat(join(adminDir, 'config.worktree')).then(
    () => true,
    (cause: unknown) => !(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'),
  );
}
