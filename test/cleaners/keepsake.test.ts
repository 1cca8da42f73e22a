import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { keepSettings } from '../../src/cleaners/keepsake.ts';
import type { RemovalIntended } from '../../src/journal/event-removal.ts';
import { canMount, mountTmpfs, temporaryDirectory } from '../helpers/temporary.ts';

const name = 'config.worktree';

function intentIn(t: ExecutionContext, root: string): { intent: RemovalIntended; keptAt: string } {
  const adminDir = join(temporaryDirectory(t), '.git', 'worktrees', 'a');
  mkdirSync(adminDir, { recursive: true });
  writeFileSync(join(adminDir, name), '[user]\n\temail = a@example.org\n');
  const keptAt = join(root, 'clean', 'undo', 'journal', 'op.config.worktree');
  const worktree = {
    mainGitDir: dirname(dirname(adminDir)),
    adminDir,
    head: '0',
    settings: [{ name, keptAt }],
  };
  const intent = { root, worktree, moves: [] } as unknown as RemovalIntended;
  return { intent, keptAt };
}

test('settings are kept once, for their owner alone, and what is gone with its registration is no failure', async (t) => {
  const { intent, keptAt } = intentIn(t, temporaryDirectory(t));
  t.true((await keepSettings(intent)).isOk());
  const text = readFileSync(keptAt, 'utf8');
  t.regex(text, /a@example\.org/);
  if (process.platform !== 'win32') t.is(statSync(keptAt).mode & 0o777, 0o600);
  writeFileSync(join(intent.worktree?.adminDir ?? '', name), 'of somebody who came after\n');
  t.true((await keepSettings(intent)).isOk());
  t.is(readFileSync(keptAt, 'utf8'), text);

  const gone = {
    ...intent.worktree,
    adminDir: '/nowhere/at/all',
    settings: [{ name, keptAt: `${keptAt}.2` }],
  };
  t.true((await keepSettings({ ...intent, worktree: gone } as RemovalIntended)).isOk());
  t.false(existsSync(`${keptAt}.2`));
});

const onFullDisk = canMount() ? test : test.skip;

onFullDisk('without a byte free for a copy nothing is kept, and nothing is held up', async (t) => {
  const root = temporaryDirectory(t);
  t.true(mountTmpfs(root, '64k'));
  const { intent, keptAt } = intentIn(t, root);
  mkdirSync(dirname(keptAt), { recursive: true, mode: 0o700 });
  t.throws(
    () => {
      for (;;) appendFileSync(join(root, 'fill'), Buffer.alloc(4_096));
    },
    { code: 'ENOSPC' },
  );
  t.true((await keepSettings(intent)).isOk());
  t.deepEqual(readdirSync(dirname(keptAt)), []);
});
