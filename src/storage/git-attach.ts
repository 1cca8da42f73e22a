import { lstat, mkdir, readdir, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify } from '../disk/identity.ts';
import { syncDirectories } from '../disk/quarantine.ts';
import { syncFile } from '../disk/sync-file.ts';
import { gitComplaint } from './git-complaint.ts';
import type { Registration } from './git-registration.ts';
import { findConflict, giveSettings, makeBranches, type Conflict } from './git-restore.ts';
import { giveRefsOf, writeIndexOf } from './git-unpack.ts';
import { runGit } from './git.ts';
import { errorCode } from './see.ts';
import { readGitFile, readWorktreeLink, realDirectory } from './worktree-link.ts';
import type { KeptSettings } from './worktree-settings.ts';

/** Whether git knows the worktree at `path`, by the link both ways, and has its index. */
export async function isAttached(
  { mainGitDir }: Pick<Registration, 'mainGitDir'>,
  path: string,
): Promise<boolean> {
  const link = await readWorktreeLink(path);
  if (link.isErr() || link.value.mainGitDir !== (await realDirectory(mainGitDir))) return false;
  return lstat(join(link.value.adminDir, 'index')).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

/** Whether there is what the `.git` file of a worktree leads to. */
export async function hasRegistration(path: string): Promise<boolean> {
  const named = await readGitFile(join(path, '.git'));
  return named.isOk() && (await realDirectory(named.value)) !== undefined;
}

/**
 * Registers a worktree again whose directory stands at `path` and whose registration is gone: `git worktree prune` takes
 * it while the directory is elsewhere. Its files are not touched. The registration appears whole or not at all.
 *
 * @param snapshot - commit or ref that holds its index; without one it gets that of its commit
 */
export async function attach(
  registration: Registration & { readonly settings?: readonly KeptSettings[] },
  path: string,
  snapshot: string | undefined,
): Promise<Result<void, Conflict>> {
  const { mainGitDir, pointers, settings } = registration;
  const conflict = await findConflict(registration, []);
  if (conflict !== undefined) return err(conflict);
  const gitFile = join(path, '.git');
  const named = await readGitFile(gitFile);
  if (named.isErr()) return err(`its .git file cannot be read: ${named.error.detail}`);
  const worktrees = dirname(named.value);
  const repository = await realDirectory(mainGitDir);
  if (basename(worktrees) !== 'worktrees' || repository !== (await realDirectory(dirname(worktrees)))) {
    return err(`its .git file leads elsewhere: ${named.value}`);
  }
  const branches = await makeBranches(registration, []);
  if (branches.isErr()) return err(branches.error);
  const aside = join(mainGitDir, `prodigy-clean-${basename(named.value)}`);
  try {
    const adminDir = freeName(named.value);
    await discardAdmin(aside);
    const made = await makeAdmin(registration, { aside, adminDir, gitFile }, snapshot);
    if (made.isErr()) return err(made.error);
    if (adminDir !== named.value) {
      // Before the registration is there: killed in between, it is made under this name.
      await put(`${gitFile}.prodigy-clean`, `gitdir: ${adminDir}`);
      await rename(`${gitFile}.prodigy-clean`, gitFile);
    }
    await mkdir(worktrees, { recursive: true });
    await rename(aside, adminDir);
    const synced = await syncRegistration(path);
    if (synced.isErr()) return err(synced.error);
  } catch (cause) {
    return err(`git's books cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`);
  } finally {
    // What resists is told by the next attempt.
    await discardAdmin(aside).catch(() => undefined);
  }
  const given = await giveSettings(registration, path);
  if (given.isErr()) return err(given.error);
  const isSparse =
    pointers?.sparse !== undefined || settings?.some(({ name }) => name === 'info/sparse-checkout') === true;
  // The index of its commit says of every file that it is there.
  if (isSparse && snapshot === undefined) await runGit(['sparse-checkout', 'reapply'], { cwd: path });
  if (snapshot !== undefined) await giveRefsOf(mainGitDir, snapshot, path);
  return (await isAttached(registration, path)) ? ok(undefined) : err('git does not know it all the same');
}

/** Files alone, as {@link makeAdmin} makes them: a directory in it is nothing of ours, and stays. */
async function discardAdmin(aside: string): Promise<void> {
  const names = await readdir(aside).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw cause;
  });
  if (names === undefined) return;
  for (const name of names) await unlink(join(aside, name));
  await rmdir(aside);
}

type Places = {
  /** Beside the registrations until it is whole: git takes whatever lies among them for one. */
  readonly aside: string;
  readonly adminDir: string;
  readonly gitFile: string;
};

async function makeAdmin(
  { mainGitDir, branch, head, pointers }: Registration,
  { aside, adminDir, gitFile }: Places,
  snapshot: string | undefined,
): Promise<Result<void, Conflict>> {
  await mkdir(aside);
  const isSame = pointers !== undefined && resolve(adminDir, pointers.gitdir) === gitFile;
  await put(join(aside, 'gitdir'), isSame ? pointers.gitdir : gitFile);
  await put(join(aside, 'commondir'), pointers?.commondir ?? '../..');
  await put(join(aside, 'HEAD'), branch === undefined ? head : `ref: ${branch}`);
  const index = join(aside, 'index');
  if (snapshot === undefined) {
    const read = await runGit(['read-tree', head], { gitDir: mainGitDir, indexFile: index });
    if (read.isErr()) return err(`git would not make its index: ${gitComplaint(read.error)}`);
  } else {
    const written = await writeIndexOf(mainGitDir, snapshot, index);
    if (written.isErr()) return err(written.error);
  }
  // Durable before it has its name: a registration without an index would count as whole.
  await syncFile(index);
  const synced = await syncDirectories([aside]);
  return synced.isErr() ? err(`git's books cannot be made durable: ${synced.error.code}`) : ok(undefined);
}

/** Makes durable what ties a worktree to its repository, and its index. */
export async function syncRegistration(path: string): Promise<Result<void, string>> {
  const gitFile = join(path, '.git');
  const named = await readGitFile(gitFile);
  if (named.isErr()) return err(`its .git file cannot be read: ${named.error.detail}`);
  const adminDir = named.value;
  try {
    await syncFile(gitFile);
    for (const name of ['gitdir', 'commondir', 'HEAD', 'index']) await syncFile(join(adminDir, name));
  } catch (cause) {
    return err(`its registration cannot be made durable: ${errorCode(cause) ?? String(cause)}`);
  }
  const synced = await syncDirectories([path, adminDir, dirname(adminDir), dirname(dirname(adminDir))]);
  return synced.isErr()
    ? err(`its registration cannot be made durable: ${synced.error.code}`)
    : ok(undefined);
}

/** Somebody's newer worktree may have got the name meanwhile. */
function freeName(adminDir: string): string {
  for (let count = 0; ; count += 1) {
    const name = count === 0 ? adminDir : `${adminDir}${count}`;
    const there = identify(name);
    if (there.isOk() && there.value === undefined) return name;
    if (there.isErr()) throw new Error(`${there.error.code}: ${name}`);
  }
}

function put(path: string, line: string): Promise<void> {
  return writeFile(path, `${line}\n`, { flush: true });
}
