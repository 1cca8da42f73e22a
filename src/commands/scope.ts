import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { UsageFailure } from '../model/failure.ts';
import type { Repository } from '../model/item.ts';
import type { Scope } from '../policy/scope.ts';
import { mainGitDirOfWorktreeFile, repositoryAt } from '../storage/repository.ts';
import { goneDirectory } from './here.ts';
import type { CleanRequest } from './options.ts';

/**
 * Which repositories a run covers: all, the one that was named, or the one the current directory is in. Outside a
 * repository and without a word about it there is no run (DESIGN 6).
 */
export async function scopeOf(
  request: CleanRequest,
  cwd: string,
  roots: readonly string[],
): Promise<Result<Scope, UsageFailure>> {
  const { kinds, mapreduceOnly, jobId } = request;
  const rest = { kinds, mapreduceOnly, jobId };
  if (request.allRepositories) return ok({ ...rest, allRepositories: true, repositories: [] });
  if (request.repository !== undefined) {
    const named = await namedRepository(request.repository, cwd, roots);
    return named.map((repository) => ({ ...rest, allRepositories: false, repositories: [repository] }));
  }
  const here = await repositoryAt(cwd);
  if (here !== undefined) return ok({ ...rest, allRepositories: false, repositories: [here] });
  return err({
    type: 'usage',
    problem: `${cwd === goneDirectory ? 'The current directory is gone' : `${cwd} is not in a git repository`}, so there is no current repository to clean`,
    accepted: ['--repo NAME|PATH', '--all-repos', 'or run it inside the repository'],
  });
}

async function namedRepository(
  text: string,
  cwd: string,
  roots: readonly string[],
): Promise<Result<Repository, UsageFailure>> {
  const looksLikePath = text.includes('/') || text === '.' || text === '..';
  const path = resolve(cwd, text);
  const isDirectory = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (looksLikePath) {
    const repository = isDirectory ? await repositoryAt(path) : undefined;
    return repository === undefined
      ? err({
          type: 'usage',
          problem: 'There is no git repository',
          text,
          accepted: ['--repo NAME', '--repo PATH'],
        })
      : ok(repository);
  }
  const gitDirs = await gitDirsNamed(text, roots);
  const [only] = gitDirs;
  if (gitDirs.length > 1) {
    return err({
      type: 'usage',
      problem: `Several repositories are called '${text}'; name one by its path`,
      accepted: gitDirs.map((gitDir) => `--repo ${gitDir.replace(/\/\.git$/, '')}`),
    });
  }
  if (only !== undefined) return ok({ name: text, gitDir: only });
  const known = await Promise.all(
    roots.flatMap((root) =>
      ['worktrees', 'events', 'state', 'dlq', 'logs'].map((kind) => isThere(join(root, kind, text))),
    ),
  );
  if (known.some(Boolean)) return ok({ name: text });
  return err({
    type: 'usage',
    problem: 'The storage knows no repository',
    text,
    accepted: ['--repo NAME', '--repo PATH'],
  });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Main git directories of the repositories that have worktrees below `worktrees/<name>`. */
async function gitDirsNamed(name: string, roots: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const root of roots) {
    const directory = join(root, 'worktrees', name);
    const entries = await readdir(directory).catch(() => []);
    for (const entry of entries) {
      if (entry.startsWith('.')) continue;
      const gitDir = await mainGitDirOfWorktreeFile(join(directory, entry));
      if (gitDir !== undefined) found.add(gitDir);
    }
  }
  return [...found].sort();
}
