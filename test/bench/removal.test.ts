import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Child } from '../../bench/child.ts';
import { checkRemoval, type Removable } from '../../bench/rows/removal.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import type { Teardown } from '../helpers/temporary.ts';

function ran(counts: Readonly<Record<string, number>>, more: Partial<Child> = {}): Child {
  const document = { outcome: 'completed', kinds: { worktrees: { failed: 0, ...counts } } };
  return { ms: 1, exitCode: 0, signal: null, stdout: JSON.stringify(document), stderr: '', ...more };
}

async function removable(t: Teardown): Promise<Removable> {
  const home = await prodigyHome(t);
  const container = join(home.root, 'worktrees', 'shop');
  mkdirSync(container, { recursive: true });
  return { home, kind: 'worktrees', items: 2, directories: [container] };
}

const whole = { condemned: 2, removed: 2 };

test('a run that removed everything, and whose disk says so, is one', async (t) => {
  const all = await removable(t);
  t.notThrows(() => checkRemoval(ran(whole), all));
  rmSync(join(all.home.root, 'worktrees'), { recursive: true });
  t.notThrows(() => checkRemoval(ran(whole), all));
});

test('a run that failed, or removed or condemned less, is none', async (t) => {
  const all = await removable(t);
  t.throws(() => checkRemoval(ran(whole, { exitCode: 3, stderr: 'no journal' }), all), {
    message: /no journal/,
  });
  t.throws(() => checkRemoval(ran(whole, { exitCode: null, signal: 'SIGKILL' }), all), {
    message: /SIGKILL/,
  });
  t.throws(() => checkRemoval(ran({ condemned: 2, removed: 1 }), all), { message: /removed 1/ });
  t.throws(() => checkRemoval(ran({ condemned: 1, removed: 1 }), all), { message: /condemned 1/ });
});

test('a run that says it removed what is still there is none', async (t) => {
  const all = await removable(t);
  const worktree = join(all.directories[0] ?? '', 'workflow-1');
  mkdirSync(worktree);
  writeFileSync(join(worktree, 'file'), '');
  t.throws(() => checkRemoval(ran(whole), all), { message: /still there: workflow-1/ });
});

test('a run that left bytes of worktrees in quarantine is none', async (t) => {
  const all = await removable(t);
  const quarantine = join(all.home.root, 'clean', 'quarantine', 'op');
  mkdirSync(quarantine, { recursive: true });
  t.notThrows(() => checkRemoval(ran(whole), all));
  writeFileSync(join(quarantine, 'file'), '');
  t.throws(() => checkRemoval(ran(whole), all), { message: /bytes are left/ });
});
