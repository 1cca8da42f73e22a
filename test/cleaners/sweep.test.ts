import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { errAsync, type Result } from 'neverthrow';
import { clean } from '../../src/commands/clean.ts';
import { parseRequest } from '../../src/commands/options.ts';
import { resume } from '../../src/commands/resume.ts';
import type { Shell } from '../../src/commands/shell.ts';
import type { Store, Write } from '../../src/journal/store.ts';
import type { Failure, JournalFailure } from '../../src/model/failure.ts';
import type { ProcessInfo } from '../../src/storage/processes.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { makeIds } from '../helpers/ids.ts';
import { jobState } from '../helpers/job-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { session } from '../helpers/session-artefacts.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { runBetween, type Call } from '../torture/interpose.ts';
import { Machine, quarantined } from '../torture/machine.ts';
import { seeded } from '../torture/random.ts';

const nowMs = Date.UTC(2026, 5, 1, 12);
/** Nothing is held for undo: each chunk is freed while the next one is moved. */
const request = parseRequest(['all'], { allRepos: true, force: true, jsonl: true, undo: false });

type Storage = {
  readonly machine: Machine;
  /** Freed four at a time, and first. */
  readonly directories: readonly string[];
  /** Moved sixteen at a time, while those are freed. */
  readonly logs: readonly string[];
};

async function makeStorage(t: ExecutionContext): Promise<Storage> {
  const top = temporaryDirectory(t);
  const machine = new Machine({ top, random: seeded(1), nowMs, loss: 'none', isJournalOnSameVolume: false });
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(1) };
  const directories: string[] = [];
  const logs: string[] = [];
  for (let index = 0; index < 20; index += 1) {
    directories.push((await eventDirectory(home, { repository: 'app', startedAgo: '60d' })).path);
    logs.push(await claudeLog(home, { startedAgo: '60d' }));
  }
  return { machine, directories, logs };
}

/** One that breaks for good at the batch that `isFatal` picks. LevelDB's handle is dead then, and so is the next one. */
class BreakingStores {
  readonly #isFatal: (text: string) => boolean;
  #isBroken = false;
  #brokenHandles = 0;
  readonly #waiting: { readonly isMeant: (text: string) => boolean; readonly tell: () => void }[] = [];
  #tellBroken: () => void = () => undefined;
  /** The journal has tried to recover, and has told its caller that it cannot. */
  readonly broken: Promise<void> = new Promise((resolve) => {
    this.#tellBroken = resolve;
  });

  constructor(isFatal: (text: string) => boolean) {
    this.#isFatal = isFatal;
  }

  /** Waits until such a batch is durable. */
  written(isMeant: (text: string) => boolean): Promise<void> {
    return new Promise((tell) => {
      this.#waiting.push({ isMeant, tell });
    });
  }

  readonly wrap = (store: Store): Store => ({
    ...store,
    write: (writes) => {
      const text = textOf(writes);
      this.#isBroken ||= this.#isFatal(text);
      if (this.#isBroken) return errAsync(unavailable);
      return store.write(writes).map(() => {
        for (const one of this.#waiting) if (one.isMeant(text)) one.tell();
      });
    },
    close: async () => {
      await store.close();
      if (!this.#isBroken) return;
      this.#brokenHandles += 1;
      // The second handle is closed when recovering has failed: what follows is told without waiting for anything else.
      if (this.#brokenHandles < 2) return;
      void setImmediate().then(() => setImmediate().then(this.#tellBroken));
    },
  });
}

const unavailable: JournalFailure = { type: 'journal-unavailable', path: '/', code: 'EIO', detail: 'broken' };

/** Of what `--jsonl` printed: what stays of what was to go, and why. */
function driftsIn(out: string): Record<string, unknown> {
  return Object.fromEntries(
    out
      .split('\n')
      .filter((line) => line.includes('"ItemDrifted"'))
      .map((line) => JSON.parse(line) as { data: { item: string; reason: string; evidence: unknown } })
      .map(({ data: { item, reason, evidence } }) => [item, { reason, evidence }]),
  );
}

function textOf(writes: readonly Write[]): string {
  return writes.map((one) => (one.type === 'put' ? one.value : '')).join('\n');
}

function intendsLogs(text: string): boolean {
  return text.includes('"RemovalIntended"') && text.includes('"item":"logs:');
}

/** Runs as a process whose removals below the quarantine wait. */
function runWithSlowDisk(
  { machine }: Storage,
  shell: Shell,
  wait: () => Promise<void>,
): Promise<Result<number, Failure>> {
  const isFreed = ({ name, path }: Call): boolean => name === 'unlink' && path.includes('/clean/quarantine/');
  return runBetween(
    {
      roots: [machine.root],
      isDead: () => false,
      on: (call, perform) => (isFreed(call) ? wait().then(perform) : perform()),
      turns: () => 0,
    },
    () => clean(request._unsafeUnwrap(), shell),
  );
}

async function everythingGoesAfterwards(t: ExecutionContext, { machine, directories, logs }: Storage) {
  const again = await machine.run((shell) =>
    resume({ run: undefined, output: 'jsonl', acceptClock: false }, shell),
  );
  t.true(again.result?.isOk(), again.out + again.err);
  t.deepEqual(
    [...directories, ...logs].filter((path) => existsSync(path)),
    [],
  );
  t.deepEqual(quarantined(machine.root), []);
}

test('a journal that fails where a chunk is freed lets nothing of the next one be moved', async (t) => {
  const storage = await makeStorage(t);
  const { machine, directories, logs } = storage;
  const stores = new BreakingStores((text) => text.includes('"ItemRemoved"'));
  const isNextIntended = stores.written(intendsLogs);
  let isIntended = false;
  void isNextIntended.then(() => {
    isIntended = true;
  });
  const ran = await machine.run((shell) =>
    runWithSlowDisk(
      storage,
      {
        ...shell,
        journalSeams: { ...shell.journalSeams, wrapStore: stores.wrap },
        // Later than that who is at work is as of a moment ago.
        clock: () => shell.clock() + (isIntended ? 1_000 : 0),
        readProcesses: async (asked) => {
          // The next chunk looks who is at work once more, after it has written down what it is about to do.
          if (isIntended) await stores.broken;
          return shell.readProcesses(asked);
        },
      },
      () => isNextIntended,
    ),
  );
  t.is(ran.result?.isErr() ? ran.result.error.type : ran.out, 'journal-unavailable');
  t.true(isIntended, 'the next chunk was under way');
  t.deepEqual(
    directories.filter((path) => existsSync(path)),
    [],
    'the first chunk had gone',
  );
  t.deepEqual(
    logs.filter((path) => !existsSync(path)),
    [],
  );
  await everythingGoesAfterwards(t, storage);
});

test('a journal that fails where a chunk is moved lets nothing more of the one before be freed', async (t) => {
  const storage = await makeStorage(t);
  const { machine, directories, logs } = storage;
  const stores = new BreakingStores(intendsLogs);
  const ran = await machine.run((shell) =>
    runWithSlowDisk(
      storage,
      { ...shell, journalSeams: { ...shell.journalSeams, wrapStore: stores.wrap } },
      () => stores.broken,
    ),
  );
  t.is(ran.result?.isErr() ? ran.result.error.type : ran.out, 'journal-unavailable');
  t.deepEqual(
    logs.filter((path) => !existsSync(path)),
    [],
  );
  t.deepEqual(
    directories.filter((path) => existsSync(path)),
    [],
    'the first chunk had been moved',
  );
  t.true(quarantined(machine.root).length >= directories.length - 4, 'four were under way');
  await everythingGoesAfterwards(t, storage);
});

test('a file that is changed, swapped or taken away once its removal is intended stays as it is', async (t) => {
  const { machine, logs } = await makeStorage(t);
  const [changed = '', swapped = '', gone = '', ...others] = logs;
  let isIntended = false;
  function meddle(text: string): void {
    if (isIntended || !intendsLogs(text)) return;
    isIntended = true;
    appendFileSync(changed, 'more\n');
    copyFileSync(swapped, `${swapped}.new`);
    const { atime, mtime } = statSync(swapped);
    utimesSync(`${swapped}.new`, atime, mtime);
    renameSync(`${swapped}.new`, swapped);
    unlinkSync(gone);
  }
  const ran = await machine.run((shell) => {
    const wrapStore = (store: Store): Store => ({
      ...store,
      write: (writes) => store.write(writes).map(() => meddle(textOf(writes))),
    });
    return clean(request._unsafeUnwrap(), { ...shell, journalSeams: { ...shell.journalSeams, wrapStore } });
  });
  const drift = (path: string, what: string) => ({
    reason: 'changed-since-decision',
    evidence: { path, what },
  });
  t.deepEqual(
    driftsIn(ran.out),
    {
      [`logs:${changed}`]: drift(changed, 'changed'),
      [`logs:${swapped}`]: drift(swapped, 'changed'),
      [`logs:${gone}`]: drift(gone, 'gone'),
    },
    ran.err,
  );
  t.true(existsSync(changed) && existsSync(swapped));
  t.deepEqual(
    others.filter((path) => existsSync(path)),
    [],
  );
});

test('what this command is led into once the removal of that is intended stays (P1)', async (t) => {
  const { machine, directories } = await makeStorage(t);
  const [entered = '', ...others] = directories;
  const here = join(machine.root, '..', 'here');
  symlinkSync(tmpdir(), here);
  let isIntended = false;
  function meddle(text: string): void {
    if (isIntended || !text.includes('"RemovalIntended"') || !text.includes(`events:${entered}`)) return;
    isIntended = true;
    unlinkSync(here);
    symlinkSync(entered, here);
  }
  const ran = await machine.run((shell) => {
    const wrapStore = (store: Store): Store => ({
      ...store,
      write: (writes) => store.write(writes).map(() => meddle(textOf(writes))),
    });
    const journalSeams = { ...shell.journalSeams, wrapStore };
    return clean(request._unsafeUnwrap(), { ...shell, cwd: here, journalSeams });
  });
  t.like(driftsIn(ran.out)[`events:${entered}`], { reason: 'in-use' }, ran.err);
  t.true(existsSync(entered));
  t.deepEqual(
    others.filter((path) => existsSync(path)),
    [],
  );
});

test('what lies in the place of a resume lock once the removal is intended is told for what it is', async (t) => {
  const { machine } = await makeStorage(t);
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(2) };
  const { id, path } = await session(home, { status: 'Completed', startedAgo: '60d', endedAgo: '60d' });
  const lock = join(machine.root, 'resume_locks', `${id}.lock`);
  const ran = await machine.run((shell) => {
    const wrapStore = (store: Store): Store => ({
      ...store,
      write: (writes) =>
        store.write(writes).map(() => {
          const text = textOf(writes);
          if (!text.includes('"RemovalIntended"') || !text.includes(path)) return;
          mkdirSync(lock, { recursive: true });
          // What is young may be a lock that is being written.
          utimesSync(lock, new Date(nowMs - 86_400_000), new Date(nowMs - 86_400_000));
        }),
    });
    return clean(request._unsafeUnwrap(), { ...shell, journalSeams: { ...shell.journalSeams, wrapStore } });
  });
  t.like(driftsIn(ran.out)[`sessions:${path}`], { reason: 'unreadable' }, ran.err);
  t.true(existsSync(path));
});

/** One that has worked on this storage since before anything of it was made, in a repository that nothing else tells of. */
function prodigyOf(t: ExecutionContext, home: string): ProcessInfo {
  const sleeper = spawn('sleep', ['60'], { env: { HOME: home } });
  t.teardown(() => void sleeper.kill());
  const [pid, executable] = [sleeper.pid ?? 0, '/usr/bin/prodigy'];
  const seen = { startedAtMs: 0, name: 'prodigy', executable, cwd: '/srv/app', openFiles: [] };
  return { ...seen, pid, self: false, ancestor: false };
}

test('what a Prodigy began to work on while it was moved is put back', async (t) => {
  const { machine, directories, logs } = await makeStorage(t);
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(2) };
  const { id } = await session(home, { status: 'Completed', startedAgo: '60d', endedAgo: '60d' });
  const { path } = await eventDirectory(home, { repository: id, startedAgo: '60d' });
  const prodigy = prodigyOf(t, machine.home);
  let isMoved = false;
  const ran = await machine.run((shell) =>
    clean(request._unsafeUnwrap(), {
      ...shell,
      readProcesses: async (asked) => {
        const table = await shell.readProcesses(asked);
        isMoved ||= !existsSync(path);
        return isMoved ? { ...table, processes: [...table.processes, prodigy] } : table;
      },
    }),
  );
  t.true(isMoved, ran.err);
  t.true(existsSync(path));
  t.like(driftsIn(ran.out)[`events:${path}`], { reason: 'active', evidence: { owner: `session:${id}` } });
  t.deepEqual(
    [...directories, ...logs].filter((other) => existsSync(other)),
    [],
  );
});

for (const [what, stepMs, looks] of [
  ['as of a moment ago, who runs is not asked anew before the next chunk', 0, 2],
  ['later than that it is', 1_000, 3],
] as const) {
  test(what, async (t) => {
    const { machine } = await makeStorage(t);
    let [asked, aheadMs] = [0, 0];
    const ran = await machine.run((shell) =>
      clean(request._unsafeUnwrap(), {
        ...shell,
        clock: () => shell.clock() + (aheadMs += stepMs),
        readProcesses: (places) => {
          // From behind the renames of the first chunk on.
          if (quarantined(machine.root).length > 0 || asked > 0) asked += 1;
          return shell.readProcesses(places);
        },
      }),
    );
    t.true(ran.result?.isOk(), ran.err);
    t.is(asked, looks);
  });
}

/** Runs with directories that take long to become durable, and tells in which order the journal got to know what. */
async function toldWithSlowSyncs(
  t: ExecutionContext,
  machine: Machine,
): Promise<(type: string, kind: string) => number> {
  const ran = await machine.run((shell) =>
    runBetween(
      {
        roots: [machine.root],
        isDead: () => false,
        on: ({ name }, perform) => (name === 'fsync-directory' ? turns(100).then(perform) : perform()),
        turns: () => 0,
      },
      () => clean(request._unsafeUnwrap(), shell),
    ),
  );
  t.true(ran.result?.isOk(), ran.err);
  const told = ran.out.split('\n').filter((line) => line.includes('"data":{"item":'));
  return (type, kind) => {
    const isMeant = (line: string): boolean =>
      line.includes(`"type":"${type}"`) && line.includes(`"item":"${kind}:`);
    const at = type === 'RemovalIntended' ? told.findIndex(isMeant) : told.findLastIndex(isMeant);
    t.not(at, -1, `${type} ${kind}`);
    return at;
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
}

test('while the renames of a chunk become durable, the next one is begun', async (t) => {
  const { machine } = await makeStorage(t);
  const told = await toldWithSlowSyncs(t, machine);
  t.true(told('RemovalIntended', 'logs') < told('ItemQuarantined', 'events'));
});

test('what explains something of a chunk is not begun before that is durably in quarantine', async (t) => {
  const { machine } = await makeStorage(t);
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(2) };
  const job = await jobState(home, { repository: 'app', complete: true, updatedAgo: '90d' });
  const letters = [{ item: 'a', lastAttemptAgo: '90d', eligible: true }];
  await deadLetters(home, { layout: 'short', repository: 'app', job: job.job, letters });
  await settleDirectories(machine.root);
  const told = await toldWithSlowSyncs(t, machine);
  t.true(told('ItemQuarantined', 'dlq') < told('RemovalIntended', 'state'));
  t.false(existsSync(job.path));
});

test('a journal that fails where a chunk is told to be in quarantine lets nothing of the next one be moved', async (t) => {
  const storage = await makeStorage(t);
  const { machine, directories, logs } = storage;
  const stores = new BreakingStores((text) => text.includes('"ItemQuarantined"'));
  const isNextIntended = stores.written(intendsLogs);
  let isIntended = false;
  void isNextIntended.then(() => {
    isIntended = true;
  });
  const isSettling = ({ name }: Call): boolean =>
    name === 'fsync-directory' && quarantined(machine.root).length > 0;
  const ran = await machine.run((shell) =>
    runBetween(
      {
        roots: [machine.root],
        isDead: () => false,
        on: (call, perform) => (isSettling(call) ? isNextIntended.then(perform) : perform()),
        turns: () => 0,
      },
      () =>
        clean(request._unsafeUnwrap(), {
          ...shell,
          journalSeams: { ...shell.journalSeams, wrapStore: stores.wrap },
          clock: () => shell.clock() + (isIntended ? 1_000 : 0),
          readProcesses: async (asked) => {
            if (isIntended) await stores.broken;
            return shell.readProcesses(asked);
          },
        }),
    ),
  );
  t.is(ran.result?.isErr() ? ran.result.error.type : ran.out, 'journal-unavailable');
  t.deepEqual(
    directories.filter((path) => existsSync(path)),
    [],
    'the first chunk had been moved',
  );
  t.is(quarantined(machine.root).length, directories.length, 'and nothing of it is freed');
  t.deepEqual(
    logs.filter((path) => !existsSync(path)),
    [],
  );
  await everythingGoesAfterwards(t, storage);
});

test('whoever stops a run is heard in the middle of a chunk of small files', async (t) => {
  const top = temporaryDirectory(t);
  const machine = new Machine({ top, random: seeded(1), nowMs, loss: 'none', isJournalOnSameVolume: false });
  const home = { home: machine.home, root: machine.root, dataRoot: machine.root, nowMs, ids: makeIds(1) };
  const logs: string[] = [];
  for (let index = 0; index < 300; index += 1) logs.push(await claudeLog(home, { startedAgo: '60d' }));
  const stop = new AbortController();
  const ended = new AbortController();
  const stopping = (async () => {
    for (; !ended.signal.aborted; await setImmediate()) {
      if (quarantined(machine.root).length > 0) stop.abort();
    }
  })();
  const held = parseRequest(['logs'], { allRepos: true, force: true, jsonl: true })._unsafeUnwrap();
  const ran = await machine.run((shell) => clean(held, { ...shell, signal: stop.signal }));
  ended.abort();
  await stopping;
  t.true(ran.result?.isOk(), ran.err);
  const moved = quarantined(machine.root).length;
  t.true(moved > 0 && moved < logs.length, `${moved} of ${logs.length} were moved`);
  t.is(logs.filter((path) => existsSync(path)).length, logs.length - moved, 'the others are as they were');

  const again = await machine.run((shell) =>
    resume({ run: undefined, output: 'jsonl', acceptClock: false }, shell),
  );
  t.true(again.result?.isOk(), again.out + again.err);
  t.is(quarantined(machine.root).length, logs.length, 'what was intended and not begun is taken up');
});

test('renames that cannot be made durable free nothing: a power cut could take them back (P5)', async (t) => {
  const storage = await makeStorage(t);
  const { machine, directories } = storage;
  const ran = await machine.run((shell) => clean(request._unsafeUnwrap(), shell), {
    fault: ({ name, path }) =>
      name === 'fsync-directory' &&
      path.includes('/clean/quarantine/') &&
      quarantined(machine.root).length > 0
        ? 'EIO'
        : undefined,
  });
  t.is(ran.result?.unwrapOr(-1), 3, ran.err);
  t.is(quarantined(machine.root).length, 2 * directories.length);
  t.false(ran.out.includes('"ItemRemoved"'));
  await everythingGoesAfterwards(t, storage);
});
