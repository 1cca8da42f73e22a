import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { adminDirectory, ageWorktree, commitFile, git, makeRepository } from '../helpers/git.ts';
import { msAgo, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import { sessionWorktree } from '../helpers/worktree-artefacts.ts';
import type { Bundle, Stored } from './stored.ts';

type Change = (worktree: string, admin: string) => Promise<readonly Stored[] | void>;

const locked: Change = async (_, admin) => {
  const path = join(admin, 'locked');
  await writeFile(path, 'a stick that is not always there\n');
  return [{ path, form: 'git-locked', keeps: [] }];
};

const merging: Change = async (worktree, admin) => {
  const path = join(admin, 'MERGE_HEAD');
  await writeFile(path, `${await git(worktree, 'rev-parse', 'main')}\n`);
  return [{ path, form: 'git-operation', keeps: [] }];
};

const detached: Change = async (worktree) => {
  await git(worktree, 'checkout', '--quiet', '--detach');
  await commitFile(worktree, 'alone.txt', 'only here\n');
};

/** The branch went on without a commit that only the reflog of the worktree remembers. */
const rewound: Change = async (worktree) => {
  await commitFile(worktree, 'alone.txt', 'only in the reflog\n');
  await git(worktree, 'reset', '--quiet', '--hard', 'HEAD~1');
};

const changed: Change = (worktree) => writeFile(join(worktree, 'README.md'), 'changed\n');
const untracked: Change = (worktree) => writeFile(join(worktree, 'notes.txt'), 'mine\n');
const precious: Change = (worktree) => writeFile(join(worktree, '.env'), 'KEY=1\n');
const nothing: Change = () => Promise.resolve();

/** Worktrees of finished sessions, half of which only git's own files keep. */
export async function gitWorld(home: ProdigyHome, directory: string): Promise<readonly Bundle[]> {
  const repository = await makeRepository(join(directory, 'src', 'shop'));
  const atMs = msAgo(home, '365d');
  await commitFile(repository, '.gitignore', '.env\n', { atMs });
  await commitFile(repository, 'README.md', 'shop\n', { atMs });
  const changes = {
    clean: nothing,
    alsoClean: nothing,
    stillClean: nothing,
    locked,
    merging,
    detached,
    rewound,
    changed,
    untracked,
    precious,
  };
  const bundles: Bundle[] = [];
  for (const [name, change] of Object.entries(changes)) {
    const ago = `${60 + bundles.length}d`;
    bundles.push(await worktreeOf(home, repository, { name, ago, change }));
  }
  await settleDirectories(join(home.root, 'worktrees'));
  return bundles;
}

async function worktreeOf(
  home: ProdigyHome,
  repository: string,
  { name, ago, change }: { readonly name: string; readonly ago: string; readonly change: Change },
): Promise<Bundle> {
  const record = await session(home, { status: 'Completed', startedAgo: `${ago}1h`, endedAgo: ago });
  const { id } = record;
  const commits = { [`${id}.txt`]: 'done\n' };
  const path = await sessionWorktree(home, {
    repository,
    id,
    createdAgo: `${ago}1h`,
    lastAgo: ago,
    commits,
  });
  const admin = await adminDirectory(path);
  const extra = (await change(path, admin)) ?? [];
  await ageWorktree(path, msAgo(home, ago));
  const items = [record.path, path];
  const metadata = join(home.root, 'worktrees', 'shop', '.metadata', `${id}.json`);
  const files: Stored[] = [
    { path: record.path, form: 'session', keeps: items },
    { path: metadata, form: 'metadata', keeps: items },
    { path: join(path, '.git'), form: 'git-file', keeps: items },
    { path: join(admin, 'gitdir'), form: 'git-pointer', keeps: items },
    { path: join(admin, 'commondir'), form: 'git-pointer', keeps: items },
    { path: join(admin, 'HEAD'), form: 'git-head', keeps: items },
    { path: join(admin, 'index'), form: 'git-index', keeps: [] },
    { path: join(admin, 'logs', 'HEAD'), form: 'git-log', keeps: items },
  ];
  return { name, files: [...files, ...extra], items };
}
