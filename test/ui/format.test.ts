import test from 'ava';
import * as fc from 'fast-check';
import { countOf, formatAge, formatBytes, formatCount, formatWhole, printable } from '../../src/ui/format.ts';

test('sizes are 1024-based and name their unit', (t) => {
  t.is(formatBytes(0), '0 B');
  t.is(formatBytes(1023), '1023 B');
  t.is(formatBytes(1024), '1 KB');
  t.is(formatBytes(1.5 * 1024 ** 3), '1.5 GB');
  t.is(formatBytes(33 * 1024 ** 3), '33 GB');
});

test('an age is told in one unit', (t) => {
  t.is(formatAge(0), '0m');
  t.is(formatAge(59 * 60_000), '59m');
  t.is(formatAge(47 * 3_600_000), '47h');
  t.is(formatAge(48 * 3_600_000), '2d');
  t.is(formatAge(-5), '0m');
});

test('counts agree with their nouns', (t) => {
  t.is(countOf('worktrees', 1), '1 worktree');
  t.is(countOf('events', 2), '2 event directories');
  t.is(formatCount(1234, 'entry', 'entries'), '1,234 entries');
});

test('a whole number is written as English writes it', (t) => {
  t.is(formatWhole(0), '0');
  t.is(formatWhole(-1234), '-1,234');
  fc.assert(
    fc.property(fc.maxSafeInteger(), (count) => {
      t.is(formatWhole(count), count.toLocaleString('en-US'));
    }),
  );
});

test('a name cannot forge a line, whatever it holds', (t) => {
  t.is(printable('a\nb'), 'a\\x0ab');
  t.is(printable('\u001b[2K✓ Cleaned'), '\\x1b[2K✓ Cleaned');
  t.is(printable('a\u2028b\u202eb'), 'a\\u{2028}b\\u{202e}b');
  t.is(printable('Grüße 日本.txt'), 'Grüße 日本.txt');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.false(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(printable(text)));
    }),
  );
});
