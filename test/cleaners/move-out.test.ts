import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { moveOut } from '../../src/cleaners/move-out.ts';
import { identify } from '../../src/disk/identity.ts';
import type { Move } from '../../src/journal/event-removal.ts';
import { fingerprint } from '../helpers/tree.ts';
import { canChattr, setImmutable, temporaryDirectory } from '../helpers/temporary.ts';
import { CrashFs } from '../torture/crash-fs.ts';
import { runBetween } from '../torture/interpose.ts';
import { seeded } from '../torture/random.ts';

type Place = { readonly directory: string; readonly moves: readonly Move[] };

/** An item of two parts, as a session is: its checkpoints first, its record last. */
async function place(t: ExecutionContext): Promise<Place> {
  const directory = temporaryDirectory(t);
  fs.mkdirSync(path.join(directory, 'checkpoints'));
  fs.writeFileSync(path.join(directory, 'checkpoints', 'a.json'), '{}');
  fs.writeFileSync(path.join(directory, 'record.json'), '{}');
  fs.mkdirSync(path.join(directory, 'quarantine'));
  const moves: Move[] = [];
  for (const [index, [role, name]] of (
    [
      ['checkpoints', 'checkpoints'],
      ['main', 'record.json'],
    ] as const
  ).entries()) {
    const at = path.join(directory, name);
    const identity = identify(at)._unsafeUnwrap();
    if (identity === undefined) throw new Error('just made');
    moves.push({ role, path: at, identity, to: path.join(directory, 'quarantine', `op.${index}`) });
  }
  return { directory, moves };
}

function names(directory: string): string[] {
  return [...fingerprint(directory).keys()].sort();
}

test('an item is moved with all its parts', async (t) => {
  const { directory, moves } = await place(t);
  t.deepEqual(await moveOut(moves), { type: 'moved' });
  t.deepEqual(fs.readdirSync(directory), ['quarantine']);
  t.deepEqual(fs.readdirSync(path.join(directory, 'quarantine')).sort(), ['op.0', 'op.1']);
});

test('when a part changed since it was judged, those before it are put back (P4)', async (t) => {
  const { directory, moves } = await place(t);
  const before = names(directory);
  fs.writeFileSync(path.join(directory, 'record.json'), '{"status":"Running"}');
  const moved = await moveOut(moves);
  t.is(moved.type, 'changed');
  t.deepEqual(names(directory), before);
  t.is(fs.readFileSync(path.join(directory, 'record.json'), 'utf8'), '{"status":"Running"}');
});

test('when the item itself is gone, its lesser parts stay', async (t) => {
  const { directory, moves } = await place(t);
  fs.unlinkSync(path.join(directory, 'record.json'));
  const before = names(directory);
  t.is((await moveOut(moves)).type, 'changed');
  t.deepEqual(names(directory), before);
});

test('an item of one part that is gone vanished', async (t) => {
  const { directory, moves } = await place(t);
  fs.unlinkSync(path.join(directory, 'record.json'));
  t.deepEqual(await moveOut(moves.slice(1)), { type: 'vanished' });
});

test('a lesser part that is gone does not hold the item back', async (t) => {
  const { directory, moves } = await place(t);
  fs.rmSync(path.join(directory, 'checkpoints'), { recursive: true });
  t.deepEqual(await moveOut(moves), { type: 'moved' });
  t.deepEqual(fs.readdirSync(path.join(directory, 'quarantine')), ['op.1']);
});

test('a part that cannot be moved leaves the whole item in its place (P8)', async (t) => {
  if (!canChattr()) {
    t.log('SKIPPED: needs root and a file system with immutable files');
    t.pass();
    return;
  }
  const { directory, moves } = await place(t);
  const before = names(directory);
  setImmutable(path.join(directory, 'record.json'), true);
  const moved = await moveOut(moves);
  setImmutable(path.join(directory, 'record.json'), false);
  t.is(moved.type, 'failed');
  if (moved.type === 'failed') t.is(moved.failure.code, 'EPERM');
  t.deepEqual(names(directory), before);
});

test('what was put back stays back when the power is cut', async (t) => {
  const { directory, moves } = await place(t);
  fs.appendFileSync(path.join(directory, 'record.json'), '\n');
  const disk = new CrashFs('directories', temporaryDirectory(t));
  const moved = await runBetween(
    {
      roots: [directory],
      isDead: () => false,
      turns: () => 0,
      on: (call, perform) => disk.carryOut(call, perform),
    },
    () => moveOut(moves),
  );
  t.is(moved.type, 'changed');
  // The worst that may be lost: the way back, and not the way there.
  let isFirst = true;
  const chance = (): boolean => {
    const isLost = !isFirst;
    isFirst = false;
    return isLost;
  };
  disk.lose({ ...seeded(1), chance });
  t.deepEqual(fs.readdirSync(path.join(directory, 'quarantine')), []);
  t.true(fs.existsSync(path.join(directory, 'checkpoints', 'a.json')));
});
