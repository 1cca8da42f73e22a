import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ReadAhead, type Aim } from '../../src/disk/read-ahead.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const count = 2_000;
const longAgo = new Date('2020-01-01T00:00:00Z');

/** Files and directories that nobody has looked into since they changed: reading shows in their access time. */
function plantUnread(root: string): readonly Aim[] {
  const aims: Aim[] = [];
  for (let index = 0; index < count; index += 1) {
    const directory = path.join(root, `d${index}`);
    fs.mkdirSync(directory);
    fs.writeFileSync(path.join(directory, 'f'), 'x');
    fs.utimesSync(path.join(directory, 'f'), longAgo, new Date());
    aims.push({
      as: index % 2 === 0 ? 'directory' : 'file',
      path: index % 2 === 0 ? directory : path.join(directory, 'f'),
    });
  }
  return aims;
}

function wasRead(file: string): boolean {
  return fs.statSync(file).atimeMs > longAgo.getTime();
}

/** What it is to wait for a disk: the processor is given away, and for longer than a disk takes. */
function wait(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}

async function eventually(t: ExecutionContext, isSo: () => boolean): Promise<void> {
  for (let left = 1_000; left > 0 && !isSo(); left -= 1) await delay(10);
  t.true(isSo());
}

/** Reading shows nowhere where the file system is told not to note it. */
function notesReading(root: string): boolean {
  const file = path.join(root, 'probe');
  fs.writeFileSync(file, 'x');
  fs.utimesSync(file, longAgo, new Date());
  fs.readFileSync(file);
  return wasRead(file);
}

function skipped(t: ExecutionContext, why: string = 'reading is not noted here'): void {
  t.log(`SKIPPED: ${why}`);
  t.pass();
}

test('who has to wait is helped by threads, which read what is still to come', async (t) => {
  const root = temporaryDirectory(t);
  if (!notesReading(root)) return skipped(t);
  const aims = plantUnread(root);
  const ahead = new ReadAhead(2);
  t.teardown(() => ahead.close());
  const reach = ahead.follow(count, (index) => aims[index]);
  for (let index = 0; index <= 128; index += 1) {
    reach(index);
    wait();
  }
  t.is(ahead.threads, 2);
  await eventually(t, () => wasRead(path.join(root, `d${count - 1}`, 'f')));
  await eventually(t, () => wasRead(path.join(root, `d${count - 2}`, 'f')));
  await eventually(t, () => wasRead(path.join(root, 'd400', 'f')));
  // Those were passed by before there was anybody to read them.
  t.false(wasRead(path.join(root, 'd0', 'f')));
  t.false(wasRead(path.join(root, 'd101', 'f')));
  await ahead.close();
  t.is(ahead.threads, 0);
});

test('who never waits starts no thread, and so it is for a short list', (t) => {
  const root = temporaryDirectory(t);
  fs.writeFileSync(path.join(root, 'f'), 'x');
  const aim: Aim = { as: 'file', path: path.join(root, 'f') };
  const ahead = new ReadAhead(4);
  const reach = ahead.follow(100_000, () => aim);
  for (let index = 0; index < 100_000; index += 1) reach(index);
  t.is(ahead.threads, 0);

  const reachShort = ahead.follow(500, () => aim);
  for (let index = 0; index < 500; index += 1) {
    reachShort(index);
    wait();
  }
  t.is(ahead.threads, 0);
});

test('short waits for anything but the disk start no thread', (t) => {
  const ahead = new ReadAhead(4);
  t.teardown(() => ahead.close());
  const turn = new Int32Array(new SharedArrayBuffer(4));
  /** Less than a disk takes, for so many steps; longer on a busy machine, which proves nothing then. */
  const shortMs = 128;
  for (let rounds = 50; rounds > 0; rounds -= 1) {
    const reach = ahead.follow(100_000, () => undefined);
    const waitsBefore = process.resourceUsage().voluntaryContextSwitches;
    const startedAt = performance.now();
    for (let index = 0; index < 128; index += 1) {
      reach(index);
      Atomics.wait(turn, 0, 0, 0.05);
    }
    const tookMs = performance.now() - startedAt;
    // The whole of it, which is more than what is seen of it inside.
    if (tookMs >= shortMs * 0.9) continue;
    t.true(process.resourceUsage().voluntaryContextSwitches - waitsBefore >= 128);
    reach(128);
    if (performance.now() - startedAt >= shortMs) continue;
    return t.is(ahead.threads, 0);
  }
  return skipped(t, 'the machine is too busy');
});

test('a link is not followed, a pipe not read, and what is absent or changes does no harm', async (t) => {
  const root = temporaryDirectory(t);
  if (!notesReading(root)) return skipped(t);
  const aims = [...plantUnread(root)];
  const target = path.join(root, 'target');
  fs.writeFileSync(target, 'x');
  fs.utimesSync(target, longAgo, new Date());
  fs.symlinkSync(target, path.join(root, 'link'));
  fs.mkdirSync(path.join(root, 'holder'));
  fs.symlinkSync(target, path.join(root, 'holder', 'link'));
  const pipe = path.join(root, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const both = fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  t.teardown(() => fs.closeSync(both));
  fs.writeSync(both, 'for somebody else');
  fs.mkdirSync(path.join(root, 'elsewhere'));
  const behind = path.join(root, 'elsewhere', 'f');
  fs.writeFileSync(behind, 'x');
  fs.utimesSync(behind, longAgo, new Date());
  fs.symlinkSync(path.join(root, 'elsewhere'), path.join(root, 'way'));
  aims.splice(
    600,
    6,
    { as: 'directory', path: path.join(root, 'way') },
    { as: 'file', path: path.join(root, 'link') },
    { as: 'directory', path: path.join(root, 'holder') },
    { as: 'file', path: pipe },
    { as: 'directory', path: path.join(root, 'absent') },
    { as: 'head', path: path.join(root, 'absent') },
  );
  const ahead = new ReadAhead(1);
  t.teardown(() => ahead.close());
  const reach = ahead.follow(count, (index) => aims[index]);
  for (let index = 0; index <= 256; index += 1) {
    reach(index);
    wait();
  }
  await eventually(t, () => wasRead(path.join(root, `d${count - 1}`, 'f')));
  t.false(wasRead(target));
  t.false(wasRead(behind));
  const buffer = Buffer.alloc(64);
  t.is(buffer.toString('utf8', 0, fs.readSync(both, buffer)), 'for somebody else');
});

test('a list that is longer than what is laid out at once is read to its end', async (t) => {
  const root = temporaryDirectory(t);
  if (!notesReading(root)) return skipped(t);
  const last = path.join(root, 'last');
  fs.writeFileSync(last, 'x');
  fs.utimesSync(last, longAgo, new Date());
  const length = 30_000;
  const ahead = new ReadAhead(1);
  t.teardown(() => ahead.close());
  const reach = ahead.follow(length, (index) =>
    index === length - 1 ? { as: 'file', path: last } : undefined,
  );
  for (let index = 0; index < length - 100; index += 1) {
    reach(index);
    if (index < 256) wait();
  }
  await eventually(t, () => wasRead(last));
});
