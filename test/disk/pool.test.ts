import { Worker } from 'node:worker_threads';
import test from 'ava';
import { Pool } from '../../src/disk/pool.ts';

/** A thread that doubles numbers, and dies of 0. */
const doubler = new URL(
  `data:text/javascript,${encodeURIComponent(
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', (n) => { if (n === 0) throw new Error('zero'); parentPort.postMessage(n * 2); });`,
  )}`,
);

test('each question gets its own answer', async (t) => {
  const pool = new Pool<number, number>(doubler, 3, undefined);
  t.teardown(() => pool.close());
  t.deepEqual(await Promise.all([1, 2, 3].map((n) => pool.ask(n))), [2, 4, 6]);
  t.is(pool.idle, 3);
  t.is(await pool.ask(4), 8);
  await pool.close();
});

test('a thread that dies of a question is not asked again, the others are', async (t) => {
  const pool = new Pool<number, number>(doubler, 2, undefined);
  t.teardown(() => pool.close());
  await t.throwsAsync(pool.ask(0), { message: 'the thread has ended' });
  t.is(pool.idle, 1);
  t.is(await pool.ask(5), 10);
  await pool.close();
  t.is(pool.idle, 0);
  t.throws(() => void pool.ask(1), { name: 'Defect' });
});

test('where no thread can be started there is none, and nobody is told of a defect', async (t) => {
  // As where the system allows no more threads: the constructor itself throws.
  const nowhere = new URL('https://example.invalid/thread.js');
  t.throws(() => new Worker(nowhere));
  const pool = new Pool<number, number>(nowhere, 2, undefined);
  t.is(pool.idle, 0);
  pool.grow(4);
  t.is(pool.idle, 0);
  await pool.close();
});
