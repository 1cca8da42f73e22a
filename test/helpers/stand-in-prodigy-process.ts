import { execFileSync } from 'node:child_process';
import { existsSync, fstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { gitEnvironment } from './git.ts';
import { pretty } from './prodigy-home.ts';
import {
  acquireLock,
  openEvents,
  readRecord,
  recordPath,
  whyNotResumable,
  worktreeOf,
  writeTorn,
  writeWhole,
  type Ground,
  type Ledger,
  type Taken,
} from './stand-in-prodigy.ts';
import { stamp } from './stamps.ts';

/**
 * A neighbour for tests: does to the storage what Prodigy would (PRODIGY-STORAGE 3, 4 and 9.1), in its order and its
 * way of writing. One JSON line when it is at work, or refused, and one with what it wrote when stdin tells it to end.
 */
export type Part = {
  readonly ground: Ground;
  /** `run`: a first run, without any lock. `run-resume`: `run --resume`, which takes none either. */
  readonly does: 'run' | 'resume' | 'run-resume' | 'knock';
  readonly repository: string;
  readonly id: string;
  /** `knock`: sessions whose locks it takes in turn, as a `resume` does that then finds nothing to resume. */
  readonly ids?: readonly string[];
  /** How long its session record stays half written, each time. */
  readonly tornMs: number;
};

export type Said =
  | { readonly type: 'at-work'; readonly worktree: string | undefined }
  | { readonly type: 'refused'; readonly why: string }
  | {
      readonly type: 'ended';
      readonly wrote: readonly (readonly [string, string])[];
      /** What somebody did to what it held, or while it held a lock. */
      readonly lost: readonly string[];
      readonly entered: number;
      readonly refused: number;
    };

const ledger: Ledger = new Map();

/** The kernel then calls it so, which is what people and programs see of it. */
process.title = 'prodigy';
const part = JSON.parse(process.argv[2] ?? '') as Part;
const ended = new Promise<void>((resolve) => createInterface(process.stdin).once('close', resolve));
const end = new AbortController();
void ended.then(() => end.abort());
await (part.does === 'knock' ? knock(part) : play(part));
process.exit(0);

async function play({ ground, does, repository, id, tornMs }: Part): Promise<void> {
  let lock: Taken | undefined;
  if (does === 'resume') {
    const taken = acquireLock(ground, id);
    if (typeof taken === 'string') return say({ type: 'refused', why: taken });
    const why = whyNotResumable(ground, id);
    if (why !== undefined) {
      taken.release();
      return say({ type: 'refused', why });
    }
    lock = taken;
  }
  const before = readRecord(ground, id);
  if (does === 'run-resume') {
    if (before === undefined) return say({ type: 'refused', why: 'no session' });
    if (before['status'] === 'Completed') return say({ type: 'refused', why: 'it is over' });
  }
  process.chdir(does === 'resume' ? (worktreeOf(ground, id) ?? repository) : repository);
  const events = openEvents(ground, basename(process.cwd()));

  const write = (fields: Record<string, unknown>): Promise<void> =>
    writeTorn(recordPath(ground, id), pretty({ ...record(id), ...before, ...fields }), ledger, tornMs);
  if (does === 'run') await write({ status: 'Initializing' });
  await write({ status: 'Running', updated_at: stamp(Date.now()), completed_at: null });
  if (does === 'run') addWorktree(ground, repository, id);
  say({ type: 'at-work', worktree: worktreeOf(ground, id) });

  for (let step = 0; !end.signal.aborted; step += 1) {
    if (does !== 'run-resume') workOn(ground, id, step);
    await write({ status: 'Running', updated_at: stamp(Date.now()), completed_at: null });
    await Promise.race([sleep(100), ended]);
  }
  await write({ status: 'Paused', updated_at: stamp(Date.now()), completed_at: null });
  lock?.release();
  say({ type: 'ended', wrote: [...ledger], lost: whatWasLost(events), entered: 1, refused: 0 });
}

/** While somebody else removes, it is refused; and while it holds a lock, nothing of the session goes. */
async function knock({ ground, ids = [] }: Part): Promise<void> {
  const lost: string[] = [];
  let entered = 0;
  let refused = 0;
  const at = async (id: string): Promise<void> => {
    while (!end.signal.aborted) {
      const taken = acquireLock(ground, id);
      if (typeof taken === 'string') refused += 1;
      else {
        const before = presence(ground, id);
        await sleep(8);
        const after = presence(ground, id);
        taken.release();
        if (before !== after) lost.push(`of ${id}, although its lock was held: ${before} became ${after}`);
        entered += 1;
      }
      await sleep(8);
    }
  };
  const all = Promise.all(ids.map(at));
  say({ type: 'at-work', worktree: undefined });
  await all;
  say({ type: 'ended', wrote: [], lost, entered, refused });
}

function presence(ground: Ground, id: string): string {
  const record = existsSync(recordPath(ground, id)) ? 'a record' : 'no record';
  const checkpoints = existsSync(join(ground.dataRoot, 'state', id, 'checkpoints'));
  const worktree = worktreeOf(ground, id) === undefined ? 'no worktree' : 'a worktree';
  return [record, checkpoints ? 'checkpoints' : 'no checkpoints', worktree].join(', ');
}

/** A finished step: something new in the worktree, and a checkpoint. */
function workOn(ground: Ground, id: string, step: number): void {
  const worktree = worktreeOf(ground, id);
  if (worktree === undefined) return;
  const path = join(worktree, `step-${step}.txt`);
  writeFileSync(path, `${step}\n`);
  ledger.set(path, `${step}\n`);
  const directory = join(ground.dataRoot, 'state', id, 'checkpoints');
  mkdirSync(directory, { recursive: true });
  const workflow = `workflow-${id.slice(-13).replaceAll(/\D/g, '7').padStart(13, '1')}`;
  const now = stamp(Date.now());
  const content = pretty({
    workflow_id: workflow,
    execution_state: { current_step_index: step, total_steps: 99, status: 'Running', start_time: now },
    completed_steps: [],
    timestamp: now,
    version: 1,
    workflow_path: join(worktree, 'workflow.yml'),
  });
  const to = join(directory, `${workflow}.checkpoint.json`);
  writeWhole(to, join(directory, `${workflow}.checkpoint.tmp`), content, ledger);
}

function addWorktree({ root }: Ground, repository: string, id: string): void {
  const container = join(root, 'worktrees', basename(repository));
  mkdirSync(join(container, '.metadata'), { recursive: true });
  const add = ['-C', repository, 'worktree', 'add', '--quiet', '-b', `prodigy-${id}`, join(container, id)];
  execFileSync('git', add, { env: gitEnvironment(), stdio: 'ignore' });
  const now = stamp(Date.now());
  const path = join(container, '.metadata', `${id}.json`);
  const content = pretty({
    session_id: id,
    worktree_name: id,
    branch: `prodigy-${id}`,
    original_branch: 'main',
    created_at: now,
    updated_at: now,
    status: 'in_progress',
  });
  writeWhole(path, `${path}.tmp`, content, ledger);
}

function record(id: string): Record<string, unknown> {
  const now = stamp(Date.now());
  return {
    id,
    session_type: 'Workflow',
    status: 'Initializing',
    started_at: now,
    updated_at: now,
    completed_at: null,
    metadata: {},
    checkpoints: [],
    timings: {},
    error: null,
    mapreduce_data: null,
  };
}

/** What it holds open must still be what its name stands for, and so must the place it stands in. */
function whatWasLost({ path, file }: { path: string; file: number }): string[] {
  const held = fstatSync(file, { bigint: true });
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  const lost = held.ino === named?.ino ? [] : [`its event file ${path}`];
  try {
    process.cwd();
  } catch {
    lost.push('the directory it stands in');
  }
  return lost;
}

function say(said: Said): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
