import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordOf, worktreeOf, type Document, type Shop } from '../e2e/shop.ts';
import { startNeighbour, type Neighbour } from '../helpers/neighbour.ts';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import type { Part } from '../helpers/stand-in-prodigy-process.ts';
import { unresolved } from '../helpers/stand-in-prodigy.ts';
import { check, Snapshot } from './checker.ts';
import { copyTemplate } from './crash-storage.ts';
import { dwell } from './neighbour-dweller.ts';
import { lockSome, somebody, stale, type LockState } from './neighbour-locks.ts';
import { neighbours, type Entered, type Stage } from './neighbour-stage.ts';
import { makeCast, pathsOf, type Cast } from './neighbour-storage.ts';
import { seeded } from './random.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

let making: Promise<Cast> | undefined;
const cleanups: (() => void)[] = [];

/** T9N: the real binary cleans while a neighbour is at work: nothing of his is moved or altered. */
export const suite: Suite = {
  id: 'T9N',
  title: 'a running Prodigy, and people, beside a cleanup',
  trials: 200,
  slice: 5,
  hindrance: possible,
  trial,
  close: () => {
    for (const undo of cleanups.splice(0)) undo();
    making = undefined;
    return Promise.resolve();
  },
};

async function trial(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const cast = await copyOf((making ??= makeCast((undo) => cleanups.push(undo))), join(directory, 'top'));
  const kind = neighbours[seed % neighbours.length] ?? 'run';
  const bystander = somebody();
  const locked = await lockSome(cast, random, bystander.pid ?? 0);
  const before = Snapshot.take([cast.shop.top]);
  const stage: Stage = {
    cast,
    random,
    kind,
    violations: [],
    counts: {},
    except: [],
    spared: new Set(),
    mustStay: new Set(),
  };
  try {
    await play(stage, locked, before);
  } finally {
    bystander.kill('SIGKILL');
  }
  return { violations: stage.violations, counts: { ...stage.counts, [kind]: 1 } };
}

async function copyOf(template: Promise<Cast>, to: string): Promise<Cast> {
  const cast = await template;
  const shop = await copyTemplate({ shop: cast.shop, kept: [] }, to);
  return { ...cast, shop, events: join(to, relative(cast.shop.top, cast.events)) };
}

/** A worktree in quarantine, and its session free to be resumed. */
function unlocked({ shop, finished, dead }: Cast): Violation[] {
  const quarantine = join(shop.home.root, 'clean', 'quarantine');
  const inside = namesIn(quarantine).flatMap((journal) =>
    namesIn(join(quarantine, journal)).map((name) => join(quarantine, journal, name, '.git')),
  );
  const links = inside.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
  const moved = [...finished, dead].filter((id) => links.some((link) => link.includes(id)));
  return moved
    .filter((id) => !existsSync(join(shop.home.dataRoot, 'resume_locks', `${id}.lock`)))
    .map((id) => ({ rule: 'P11', detail: `${id} is being removed, and its lock is free` }));
}

type Cleaner = {
  readonly child: ChildProcess;
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
};

function startCleaner({ home, repository }: Shop): Cleaner {
  const args = ['clean', '--all', '--all-repos', '--force', '--no-undo', '--older-than', '1h', '--json'];
  const child = spawn(process.execPath, [binary(), ...args], {
    cwd: repository,
    env: prodigyEnvironment(home.home),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Awaited<Cleaner['ended']>>((resolve) =>
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })),
  );
  return { child, ended };
}

/** Moments in the life of a cleanup, seen from outside. */
function moments({ shop, finished, events }: Cast): readonly (() => boolean)[] {
  const { root } = shop.home;
  return [
    () => existsSync(join(root, 'clean', 'run.lock')),
    () => !existsSync(events),
    () => namesIn(join(root, 'resume_locks')).length > 2,
    () => finished.some((id) => !existsSync(worktreeOf(shop, id))),
    () => finished.every((id) => !existsSync(worktreeOf(shop, id))),
    () => finished.some((id) => !existsSync(recordOf(shop, id))),
  ];
}

async function play(stage: Stage, locked: ReadonlyMap<string, LockState>, before: Snapshot): Promise<void> {
  const { cast, random, kind, violations, counts } = stage;
  const { shop } = cast;
  const isFirst = random.chance(0.3);
  let neighbour = isFirst ? await enter(stage, 'not begun') : undefined;
  const cleaner = startCleaner(shop);
  if (neighbour === undefined) {
    const isReached = random.pick(moments(cast));
    const later = random.chance(0.5) ? 0 : random.next() * 30;
    const isStopped = random.chance(0.5);
    while (!isReached() && cleaner.child.exitCode === null) await sleep(1);
    await sleep(later);
    if (isStopped && cleaner.child.exitCode === null) {
      cleaner.child.kill('SIGSTOP');
      // A call that is in the kernel ends before its thread stops.
      await sleep(50);
      violations.push(...unlocked(cast));
      counts['stopped'] = 1;
    }
    neighbour = await enter(stage, isStopped ? 'stopped' : 'running');
    if (isStopped) cleaner.child.kill('SIGCONT');
  }
  const { exitCode, stdout, stderr } = await cleaner.ended;
  if (exitCode !== 0)
    violations.push({
      rule: 'P11',
      detail: `exit ${exitCode} beside ${kind}: ${stderr}${stdout.slice(0, 300)}`,
    });
  await neighbour.leave(exitCode === 0 ? (JSON.parse(stdout) as Document) : undefined);

  for (const path of stage.mustStay) {
    if (!existsSync(path)) violations.push({ rule: 'P11', detail: `${path} went while ${kind} was at it` });
  }
  const ground = shop.home;
  for (const problem of unresolved(ground)) violations.push({ rule: 'P11', detail: problem });
  violations.push(...locksLeft(shop, cleaner.child.pid ?? 0));
  const kept = [...locked].filter(([, state]) => !stale.has(state)).map(([id]) => id);
  const untouched = [...kept, ...(stage.spared.has(cast.resumable) ? [] : [cast.resumable])];
  violations.push(
    ...(await check({
      roots: [ground.root],
      journalDirectory: join(ground.root, 'clean', 'journal'),
      before,
      untouched: untouched.flatMap((id) => pathsOf(shop, id)),
      except: stage.except,
      final: true,
    })),
  );
  const goes = [...cast.finished, cast.failed, ...cast.lockable].filter(
    (id) => !kept.includes(id) && !stage.spared.has(id),
  );
  for (const id of goes) {
    if (existsSync(recordOf(shop, id))) {
      violations.push({
        rule: 'P11',
        detail: `${id} (lock ${locked.get(id) ?? 'none'}) stays, beside ${kind}`,
      });
    }
  }
  counts['cleanups'] = 1;
}

function namesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Nothing of the cleanup may be in the way of whoever comes next. */
function locksLeft({ home }: Shop, pid: number): Violation[] {
  const directory = join(home.dataRoot, 'resume_locks');
  const left = namesIn(directory).filter((name) =>
    readFileSync(join(directory, name), 'utf8').includes(`: ${pid},`),
  );
  if (existsSync(join(home.root, 'clean', 'run.lock'))) left.push('run.lock');
  return left.map((name) => ({ rule: 'P11', detail: `${name} of the cleanup is left` }));
}

async function enter(stage: Stage, cleaner: 'not begun' | 'stopped' | 'running'): Promise<Entered> {
  const { kind, cast } = stage;
  if (kind === 'dweller' || kind === 'opener') return dwell(stage, cleaner === 'not begun');
  const ground = { root: cast.shop.home.root, dataRoot: cast.shop.home.dataRoot };
  const ids = {
    resume: cast.resumable,
    'resume-going': stage.random.pick([...cast.finished, cast.failed, cast.dead]),
    'run-resume': cast.dead,
    run: `workflow-${Date.now()}`,
    knock: '',
  };
  const does = kind === 'resume-going' ? 'resume' : kind;
  const part: Part = {
    ground,
    does,
    repository: cast.shop.repository,
    id: ids[kind],
    ids: [...cast.finished, cast.failed],
    tornMs: stage.random.pick([0, 0, 5, 60, 400]),
  };
  const isLocked = existsSync(join(ground.dataRoot, 'resume_locks', `${part.id}.lock`));
  const neighbour = await startNeighbour(cast.shop.home.home, part);
  // Until its lock is taken nobody has looked for the last time at what is his.
  const isBefore = cleaner === 'not begun' || (cleaner === 'stopped' && !isLocked);
  if (isBefore && neighbour.began.type === 'at-work' && neighbour.began.worktree !== undefined) {
    stage.mustStay.add(neighbour.began.worktree);
  }
  for (const id of kind === 'knock' ? (part.ids ?? []) : [part.id]) stage.spared.add(id);
  return { leave: () => leave(stage, part, neighbour) };
}

async function leave(stage: Stage, part: Part, neighbour: Neighbour): Promise<void> {
  const { cast, violations, counts, kind } = stage;
  const said = await neighbour.end();
  if (said.type === 'refused') {
    counts['refused'] = 1;
    const isForeign = kind === 'resume' || (kind === 'run-resume' && said.why !== 'no session');
    if (isForeign) violations.push({ rule: 'P11', detail: `${kind} was refused: ${said.why}` });
    return;
  }
  if (said.type !== 'ended') throw new Error(`the stand-in said ${said.type} twice`);
  for (const what of said.lost) violations.push({ rule: 'P11', detail: `${kind} lost ${what}` });
  for (const [path, content] of said.wrote) {
    const is = existsSync(path) ? readFileSync(path, 'utf8') : 'gone';
    if (is !== content)
      violations.push({ rule: 'P11', detail: `${kind} wrote ${path}, and it is ${is.slice(0, 80)}` });
  }
  counts['entered'] = said.entered;
  counts['refused'] = said.refused;
  const { shop } = cast;
  const known = new Set(namesIn(join(cast.shop.home.root, 'events')));
  stage.except.push(...said.wrote.map(([path]) => path));
  if (part.id !== '') stage.except.push(...pathsOf(shop, part.id), join(shop.home.root, 'events', part.id));
  if (known.has('shop')) stage.except.push(...openedIn(join(shop.home.root, 'events', 'shop')));
  stage.except.push(join(shop.repository, '.git'));
}

/** Event directories of today: those of the storage are older. */
function openedIn(directory: string): readonly string[] {
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  return namesIn(directory)
    .filter((name) => namesIn(join(directory, name)).some((file) => file.startsWith(`events-${today}`)))
    .map((name) => join(directory, name));
}
