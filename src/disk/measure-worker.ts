import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../model/invariant.ts';
import { Walk } from './walk.ts';
import type { Tally, WalkTask } from './walk.ts';

/** What a thread answers: what it counted, how long it took, and the directories it leaves to others. */
export type Measured = {
  readonly tallies: readonly Tally[];
  readonly readingMs: number;
  readonly left: readonly WalkTask[];
};

/** After so many entries a thread hands back the directories it has not read. */
const budgetEntries = 2_000;

invariant(parentPort, 'this module is a thread');
const port = parentPort;
const walk = new Walk(workerData as ReadonlySet<string>);

port.on('message', (tasks: readonly WalkTask[]) => {
  for (const task of tasks) {
    // Buffers come as plain arrays of bytes.
    const path = typeof task.path === 'string' ? task.path : Buffer.from(task.path);
    walk.tasks.push({ ...task, path });
  }
  const startedAt = performance.now();
  walk.run(budgetEntries);
  walk.finishDirectory(Infinity);
  const readingMs = performance.now() - startedAt;
  port.postMessage({ tallies: walk.takeTallies(), readingMs, left: walk.tasks.splice(0) } satisfies Measured);
});
