import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { real } from './interpose.ts';
import type { KnownWorld, Part } from './known-world.ts';
import type { Machine } from './machine.ts';

type Change = (world: KnownWorld, machine: Machine) => string | undefined;

/** Somebody else does something to the storage, beside a run or between two. @returns what, for the report */
export function changeWorld(world: KnownWorld, machine: Machine): void {
  const { random } = machine;
  const note = random.pick(changes)(world, machine);
  if (note !== undefined) world.notes.push(note);
}

function part(world: KnownWorld, { random }: Machine, wanted: (part: Part) => boolean): Part | undefined {
  const fitting = world.parts.filter((candidate) => candidate.thing.goes && wanted(candidate));
  return fitting.length === 0 ? undefined : random.pick(fitting);
}

const isFree = (path: string): boolean => real.lstatSync(path, { throwIfNoEntry: false }) === undefined;

/** Something new takes the name: where the item was moved away, or instead of it. */
function recreate(world: KnownWorld, machine: Machine): string | undefined {
  // Best of all where only some of an item has been moved: that must come back, and cannot.
  const isHalfMoved = (at: Part): boolean =>
    isFree(at.path) && world.partsOf(at.thing).some((other) => world.isInPlace(other));
  const chosen =
    part(world, machine, isHalfMoved) ?? part(world, machine, (at) => isFree(at.path) || world.isInPlace(at));
  if (chosen === undefined) return undefined;
  const { path, copy, thing } = chosen;
  const wasThere = !isFree(path);
  if (wasThere) {
    real.rmSync(path, { recursive: true });
    world.take(path);
    // It is another item now: what is left of the old one must not go either.
    world.protectThing(thing, 'a part of it was replaced');
  }
  real.mkdirSync(dirname(path), { recursive: true });
  real.cpSync(copy, path, { recursive: true });
  for (const file of filesIn(path)) real.appendFileSync(file, '\n');
  touchAll(path, machine.nowMs);
  world.protect(path, 'made anew by somebody else');
  return `re-created${wasThere ? ' in place' : ''} ${path}`;
}

/** Somebody writes to it. */
function touch(world: KnownWorld, machine: Machine): string | undefined {
  const chosen = part(world, machine, (at) => world.isInPlace(at) && filesIn(at.path).length > 0);
  if (chosen === undefined) return undefined;
  const file = machine.random.pick(filesIn(chosen.path));
  real.appendFileSync(file, '\n');
  const at = machine.nowMs / 1000;
  real.utimesSync(file, at, at);
  world.protectThing(chosen.thing, 'written to');
  return `written to ${file}`;
}

/** Somebody removes it, or a part of it. */
function remove(world: KnownWorld, machine: Machine): string | undefined {
  const chosen = part(world, machine, (at) => world.isInPlace(at));
  if (chosen === undefined) return undefined;
  const all = machine.random.chance(0.6) ? world.partsOf(chosen.thing) : [chosen];
  for (const at of all.filter((one) => world.isInPlace(one))) {
    real.rmSync(at.path, { recursive: true });
    world.take(at.path);
    world.untouchable.delete(at.path);
  }
  return `removed ${chosen.path}`;
}

/** Prodigy resumes the session: takes its lock as it does, then writes the record in place. */
function activate(world: KnownWorld, machine: Machine): string | undefined {
  const { random, root, nowMs } = machine;
  const records = world.things.filter(
    ({ kind, goes, parts }) => kind === 'sessions' && goes && !isFree(parts[0] ?? ''),
  );
  const record = world.parts.find(
    (at) => records.includes(at.thing) && at.path === at.thing.parts[0] && world.isInPlace(at),
  );
  const id = record?.thing.session;
  if (record === undefined || id === undefined) return undefined;
  const lock = join(root, 'resume_locks', `${id}.lock`);
  // A live holder refuses it.
  if (!isFree(lock) && machine.isRunning) return undefined;
  const pid = process.ppid;
  const startedAtMs = nowMs - 60_000;
  real.mkdirSync(dirname(lock), { recursive: true });
  const acquired = {
    job_id: id,
    process_id: pid,
    hostname: hostname(),
    acquired_at: new Date(nowMs).toISOString(),
  };
  real.writeFileSync(lock, JSON.stringify(acquired, undefined, 2));
  machine.neighbours.push({
    pid,
    startedAtMs,
    name: 'prodigy',
    executable: '/usr/local/bin/prodigy',
    cwd: machine.home,
    openFiles: [],
    self: false,
    ancestor: false,
  });
  const text = real.readFileSync(record.path, 'utf8');
  if (random.chance(0.7))
    real.writeFileSync(record.path, text.replace(/"status": "\w+"/, '"status": "Running"'));
  for (const thing of world.things)
    if (thing.session === id) world.protectThing(thing, 'its session is at work');
  world.protect(lock, 'the lock of a live process');
  return `activated ${id}`;
}

/** A process stands in it or holds it open. */
export function use(world: KnownWorld, machine: Machine): string | undefined {
  const isThere = (at: Part): boolean => !world.taken.has(at.path) && machine.find(at) !== undefined;
  // Best of all what has just been moved.
  const chosen =
    part(world, machine, (at) => isThere(at) && !world.isInPlace(at)) ?? part(world, machine, isThere);
  if (chosen === undefined) return undefined;
  machine.neighbours.push({
    pid: 6_000_000 + machine.neighbours.length,
    startedAtMs: machine.nowMs - 60_000,
    name: 'bash',
    executable: '/bin/bash',
    cwd: '/',
    openFiles: [],
    self: false,
    ancestor: false,
    uses: chosen,
  });
  world.protectThing(chosen.thing, 'in use');
  return `in use ${chosen.path}`;
}

export function quarantinesOf(root: string): readonly string[] {
  const above = join(root, 'clean', 'quarantine');
  return isFree(above) ? [] : real.readdirSync(above).map((name) => join(above, name));
}

/** Somebody empties the quarantine by hand. */
function emptyQuarantine(world: KnownWorld, machine: Machine): string | undefined {
  const entries = quarantinesOf(machine.root).flatMap((directory) =>
    real.readdirSync(directory).map((name) => join(directory, name)),
  );
  const ours = entries.filter((path) => !world.untouchable.has(path));
  if (ours.length === 0) return undefined;
  const gone = machine.random.chance(0.5) ? ours : [machine.random.pick(ours)];
  for (const path of gone) {
    const { ino } = real.lstatSync(path, { bigint: true });
    const mine = world.parts.find((at) => at.ino === ino);
    if (mine !== undefined) {
      world.take(mine.path);
      const known = world.untouchable.get(mine.path);
      if (known?.print === mine.print) world.untouchable.delete(mine.path);
    }
    real.rmSync(path, { recursive: true });
  }
  return `emptied from quarantine ${gone.map((path) => basename(path)).join(' ')}`;
}

/** Somebody puts something of his own into the quarantine. */
function addStranger(world: KnownWorld, machine: Machine): string | undefined {
  const [directory] = quarantinesOf(machine.root);
  if (directory === undefined) return undefined;
  const name = machine.random.pick(['stranger', 'abcdefghij0000000001.0', 'important']);
  const path = join(directory, name);
  if (!isFree(path)) return undefined;
  real.mkdirSync(path);
  real.writeFileSync(join(path, 'only-copy.txt'), 'of somebody’s work\n');
  world.protect(path, 'a stranger in quarantine');
  return `a stranger ${path}`;
}

function passTime(_: KnownWorld, machine: Machine): string {
  const hours = machine.random.pick([1, 20, 24 * 8]);
  machine.nowMs += hours * 3_600_000;
  machine.isLate ||= hours > 100;
  return `${hours} hours later`;
}

/** Somebody sets the clock back: a run refuses then, until it is told that it is right. */
function setClockBack(_: KnownWorld, machine: Machine): string | undefined {
  if (machine.isRunning) return undefined;
  machine.nowMs -= 2 * 3_600_000;
  return 'the clock was set back';
}

const changes: readonly Change[] = [
  recreate,
  recreate,
  touch,
  touch,
  remove,
  activate,
  activate,
  use,
  emptyQuarantine,
  addStranger,
  passTime,
  setClockBack,
];

function filesIn(path: string): readonly string[] {
  if (!real.lstatSync(path).isDirectory()) return [path];
  return real.readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const at = join(path, entry.name);
    return entry.isDirectory() ? filesIn(at) : [at];
  });
}

function touchAll(path: string, atMs: number): void {
  if (real.lstatSync(path).isDirectory()) {
    for (const name of real.readdirSync(path)) touchAll(join(path, name), atMs);
  }
  real.utimesSync(path, atMs / 1000, atMs / 1000);
}
