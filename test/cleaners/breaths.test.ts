import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { breaths } from '../../src/cleaners/breaths.ts';

test('after sixty-four files in a row others have a turn, for whom all under way wait', async (t) => {
  const breathe = breaths();
  const others: string[] = [];
  void setImmediate().then(() => others.push('had a turn'));
  for (let file = 1; file < 64; file += 1) t.is(breathe(), undefined);
  const turn = breathe();
  t.true(turn instanceof Promise);
  t.is(breathe(), turn);
  t.deepEqual(others, []);
  await turn;
  t.deepEqual(others, ['had a turn']);
  t.is(breathe(), undefined);
});
