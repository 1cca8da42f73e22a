import test from 'ava';
import { RecentProcesses } from '../../src/cleaners/recent-processes.ts';
import type { ProcessTable } from '../../src/storage/processes.ts';

/** Tables that can be told apart, and a clock that is set by hand. */
function watched(readable: boolean = true): {
  readonly processes: RecentProcesses;
  readonly clock: { ms: number };
  readonly reads: () => number;
} {
  const clock = { ms: 10_000 };
  let reads = 0;
  const read = async (): Promise<ProcessTable> => {
    reads += 1;
    return { readable, processes: [], suspects: [], aliases: [] };
  };
  return { processes: new RecentProcesses(read, () => clock.ms), clock, reads: () => reads };
}

test('a table as of a moment ago serves again, and whoever asks for now gets a new one', async (t) => {
  const { processes, clock, reads } = watched();
  const first = await processes.recent();
  clock.ms += 500;
  t.is(await processes.recent(), first);
  t.not(await processes.now(), first);
  t.is(reads(), 2);
});

test('an older one does not serve, nor one from later than now: the clock was set', async (t) => {
  for (const stepMs of [501, -1]) {
    const { processes, clock, reads } = watched();
    await processes.now();
    clock.ms += stepMs;
    await processes.recent();
    t.is(reads(), 2, `${stepMs} ms`);
  }
});

test('one that could not be read does not serve', async (t) => {
  const { processes, reads } = watched(false);
  await processes.now();
  await processes.recent();
  t.is(reads(), 2);
});
