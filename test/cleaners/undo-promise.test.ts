import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { clean, run, usualManner } from '../../src/commands/clean.ts';
import { parseRequest, type CleanRequest } from '../../src/commands/options.ts';
import { resume } from '../../src/commands/resume.ts';
import { scopeOf } from '../../src/commands/scope.ts';
import type { Shell } from '../../src/commands/shell.ts';
import { openProgress } from '../../src/ui/progress.ts';
import { makeIds } from '../helpers/ids.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { finishedWork, project, worktreeOf } from '../e2e/shop.ts';
import { Machine, quarantined, type Ran } from '../torture/machine.ts';
import { seeded } from '../torture/random.ts';

const nowMs = Date.UTC(2026, 5, 1, 12);

type Storage = { readonly machine: Machine; readonly log: string; readonly quarantine: string };

async function makeStorage(t: ExecutionContext): Promise<Storage> {
  const top = temporaryDirectory(t);
  const machine = new Machine({ top, random: seeded(1), nowMs, loss: 'none', isJournalOnSameVolume: false });
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(1) };
  const log = await claudeLog(home, { startedAgo: '60d' });
  return { machine, log, quarantine: join(machine.root, 'clean', 'quarantine') };
}

function requestOf(undo: boolean): CleanRequest {
  return parseRequest(['all'], { allRepos: true, force: true, jsonl: true, undo })._unsafeUnwrap();
}

/** A run that somebody interferes with after it was consented to, and before anything goes. */
function runAnd(interfere: () => void, undo: boolean): (shell: Shell) => ReturnType<typeof run> {
  return async (shell) => {
    const request = requestOf(undo);
    const usual = usualManner(request, shell);
    const scope = (await scopeOf(request, shell.cwd, shell.config.roots))._unsafeUnwrap();
    return run(request, scope, shell, openProgress(shell.terminal, true), {
      ...usual,
      consent: async (view, record) => {
        const given = await usual.consent(view, record);
        interfere();
        return given;
      },
    });
  };
}

type Told = { readonly item: string; readonly code: string; readonly detail?: string };

function failuresIn({ out }: Ran): readonly Told[] {
  return out
    .split('\n')
    .filter((line) => line.includes('"ItemFailed"'))
    .map((line) => (JSON.parse(line) as { data: Told }).data);
}

function putFileInPlace(quarantine: string): void {
  rmSync(quarantine, { recursive: true, force: true });
  mkdirSync(join(quarantine, '..'), { recursive: true });
  writeFileSync(quarantine, 'in the way');
}

test('what was to be held for undo stays when the quarantine turns out to be unusable, until that is told', async (t) => {
  const { machine, log, quarantine } = await makeStorage(t);
  const ran = await machine.run(runAnd(() => putFileInPlace(quarantine), true));
  t.is(ran.result?._unsafeUnwrap(), 3, ran.out + ran.err);
  t.true(existsSync(log), 'nobody was told that it could not be undone');
  const [failure] = failuresIn(ran);
  t.is(failure?.code, 'ENOHOLD');
  t.regex(failure?.detail ?? '', /stays: .*quarantine is not a directory/);

  const resumed = await machine.run((shell) =>
    resume({ run: undefined, output: 'jsonl', acceptClock: false }, shell),
  );
  t.is(resumed.result?._unsafeUnwrap(), 3, resumed.out + resumed.err);
  t.true(existsSync(log), 'a resume asks nobody');

  const told = await machine.run((shell) => clean(requestOf(true), shell));
  t.is(told.result?._unsafeUnwrap(), 0, told.out + told.err);
  t.false(existsSync(log), 'a new run says so before it is consented to');
});

test('the next step that is given frees it: --no-undo', async (t) => {
  const { machine, log, quarantine } = await makeStorage(t);
  const ran = await machine.run(runAnd(() => putFileInPlace(quarantine), false));
  t.is(ran.result?._unsafeUnwrap(), 0, ran.out + ran.err);
  t.false(existsSync(log));
});

test('what a rename to the quarantine turns out to be impossible for stays, when it was to be held for undo', async (t) => {
  const { machine, log } = await makeStorage(t);
  const fault = ({ name, path, to }: { name: string; path: string; to?: string | undefined }) =>
    name === 'rename' && path === log && to?.includes('/clean/quarantine/') === true ? 'EXDEV' : undefined;
  const ran = await machine.run((shell) => clean(requestOf(true), shell), { fault });
  t.is(ran.result?._unsafeUnwrap(), 3, ran.out + ran.err);
  t.true(existsSync(log));
  t.is(failuresIn(ran)[0]?.code, 'ENOHOLD');

  const free = await machine.run((shell) => clean(requestOf(false), shell), { fault });
  t.is(free.result?._unsafeUnwrap(), 0, free.out + free.err);
  t.false(existsSync(log));
  t.deepEqual(quarantined(machine.root), []);
});

test('a full quarantine holds nothing, and what goes is freed at once', async (t) => {
  const { machine, log } = await makeStorage(t);
  const ran = await machine.run((shell) => clean(requestOf(true), shell), {
    fault: ({ name, path, to }) =>
      name === 'rename' && path === log && to?.includes('/clean/quarantine/') === true ? 'ENOSPC' : undefined,
  });
  t.is(ran.result?._unsafeUnwrap(), 0, ran.out + ran.err);
  t.false(existsSync(log));
  t.false(ran.out.includes('heldUntilMs'));
});

/** A worktree that git can make again, of a repository beside the storage. */
async function withWorktree(t: ExecutionContext): Promise<{ machine: Machine; worktree: string }> {
  const top = temporaryDirectory(t);
  const machine = new Machine({ top, random: seeded(1), nowMs, loss: 'none', isJournalOnSameVolume: false });
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(1) };
  const repository = join(top, 'src', 'shop');
  await project(repository, home);
  const worktree = await finishedWork({ home, top, repository }, '60d');
  return { machine, worktree: worktreeOf({ home, top, repository }, worktree) };
}

test('a worktree whose place is out of reach of the one it would be made again in stays', async (t) => {
  const { machine, worktree } = await withWorktree(t);
  const ran = await machine.run((shell) => clean(requestOf(true), shell), {
    fault: ({ name, path, to }) =>
      name === 'rename' && path === worktree && to?.includes('/clean/quarantine/') === true
        ? 'EXDEV'
        : undefined,
  });
  t.is(ran.result?._unsafeUnwrap(), 3, ran.out + ran.err);
  t.true(existsSync(worktree));
  t.is(failuresIn(ran)[0]?.code, 'ENOHOLD');
});

test('a worktree goes beside its place while it can be made again, and stays when it cannot', async (t) => {
  for (const [blocked, stays] of [
    [['quarantine'], false],
    [['quarantine', 'undo'], true],
  ] as const) {
    const { machine, worktree } = await withWorktree(t);
    const ran = await machine.run(
      runAnd(() => {
        for (const name of blocked) putFileInPlace(join(machine.root, 'clean', name));
      }, true),
    );
    t.is(existsSync(worktree), stays, ran.out + ran.err);
    const failures = failuresIn(ran).filter(({ item }) => item === `worktrees:${worktree}`);
    t.deepEqual(
      failures.map(({ code }) => code),
      stays ? ['ENOHOLD'] : [],
    );
  }
});
