import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { unregisterWorktree } from '../../src/storage/git-registration.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { addWorktree, commitFile, giveGitAHome, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

/** What git 2.39 says when another worktree leaves it while it reads who is registered: one removal in some hundred. */
const says = (top: string): string =>
  `fatal: Invalid path '${top}/.git/worktrees/other': No such file or directory`;

type Fixture = {
  readonly top: string;
  readonly worktree: string;
  readonly mainGitDir: string;
  readonly adminDir: string;
};

async function fixture(t: ExecutionContext): Promise<Fixture> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'main'));
  await commitFile(main, 'a.txt', 'one\n');
  const worktree = join(top, 'worktree');
  await addWorktree(main, worktree, 'prodigy-session');
  const { mainGitDir = '', adminDir = '' } = await inspectWorktree(worktree);
  return { top, worktree, mainGitDir, adminDir };
}

/** From now on git does this when it is to remove a worktree, and then what it does always. */
async function gitThat(t: ExecutionContext, does: string): Promise<void> {
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\ncase " $* " in *' worktree remove '*) ${does} esac\nexec '${real}' "$@"\n`;
  const bin = temporaryDirectory(t);
  await writeFile(join(bin, 'git'), script, { mode: 0o755 });
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${bin}:${path}`;
  t.teardown(() => {
    process.env['PATH'] = path;
  });
}

for (const [times, outcome] of [
  [1, 'unregistered'],
  [3, 'unregistered'],
  [9, 'EGIT'],
] as const) {
  test.serial(
    `git that fails ${times} times because others leave it is asked again: ${outcome}`,
    async (t) => {
      const { top, worktree, adminDir, mainGitDir } = await fixture(t);
      await rename(worktree, join(top, 'aside'));

      const told = join(top, 'told');
      await gitThat(
        t,
        `echo x >> '${told}'; if [ $(wc -l < '${told}') -le ${times} ]; then echo "${says(top)}" >&2; exit 128; fi;;`,
      );

      const left = await unregisterWorktree({ mainGitDir, adminDir }, worktree);
      t.is(
        left.match(String, (failure) => (failure.type === 'git' ? 'EGIT' : failure.code)),
        outcome,
      );
      t.is(existsSync(adminDir), outcome === 'EGIT');
      t.is(readFileSync(told, 'utf8').split('\n').length - 1, Math.min(times + 1, 4));
    },
  );
}

test.serial('a worktree that is made there again while git is asked again is left alone', async (t) => {
  const { top, worktree, adminDir, mainGitDir } = await fixture(t);
  const aside = join(top, 'aside');
  await rename(worktree, aside);
  await gitThat(t, `mv '${aside}' '${worktree}'; echo "${says(top)}" >&2; exit 128;;`);
  t.is((await unregisterWorktree({ mainGitDir, adminDir }, worktree))._unsafeUnwrap(), 'already');
  t.true(existsSync(join(worktree, 'a.txt')));
  t.true(existsSync(adminDir));
});
