import fs from 'node:fs';
import test from 'ava';
import { errnoOf, toDiskFailure } from '../../src/disk/failure.ts';

test("the system's answer becomes a failure with the path that was asked for", (t) => {
  const cause = t.throws(() => fs.readdirSync('/nothing-of-this-name'));
  t.deepEqual(toDiskFailure(cause, '/asked'), {
    type: 'disk',
    code: 'ENOENT',
    syscall: 'scandir',
    path: '/asked',
  });
  t.is(toDiskFailure(cause, '/asked', 'unlink').syscall, 'unlink');
  t.is(errnoOf(cause), 'ENOENT');
});

test('a defect is no failure: it is thrown on', (t) => {
  const defect = new RangeError('no system call');
  t.is(
    t.throws(() => toDiskFailure(defect, '/asked')),
    defect,
  );
  t.is(errnoOf(defect), undefined);
});
