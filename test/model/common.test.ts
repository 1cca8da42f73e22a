import test from 'ava';
import { Common } from '../../src/model/common.ts';

type Said = { readonly what: string };

function sayings(): Common<Said> {
  return new Common<Said>((a, b) => a.what === b.what);
}

test('what says the same as the last of its group is that one, whoever came in between', (t) => {
  const common = sayings();
  const first = common.of('a', { what: 'kept' });
  const other = common.of('b', { what: 'gone' });
  t.is(common.of('a', { what: 'kept' }), first);
  t.is(common.of('b', { what: 'gone' }), other);
  t.not(common.of('b', { what: 'kept' }), first, 'another group');
});

test('what says something else is itself, and the next ones are compared with it', (t) => {
  const common = sayings();
  const first = common.of('a', { what: 'kept' });
  const second = common.of('a', { what: 'gone' });
  t.is(second.what, 'gone');
  t.is(common.of('a', { what: 'gone' }), second);
  t.not(common.of('a', { what: 'kept' }), first);
});

test('of any number of groups it answers right, and remembers some', (t) => {
  const common = sayings();
  for (let group = 0; group < 5_000; group += 1) {
    t.is(common.of(`${group}`, { what: `${group}` }).what, `${group}`);
  }
  const last = common.of('4999', { what: '4999' });
  t.is(common.of('4999', { what: '4999' }), last);
});
