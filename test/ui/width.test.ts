import test from 'ava';
import * as fc from 'fast-check';
import { table } from '../../src/ui/table.ts';
import { padEnd, padStart, widthOf, wrapped } from '../../src/ui/width.ts';

test('a wide character takes two columns, a colour none, and texts are filled up by that', (t) => {
  t.is(widthOf('abc'), 3);
  t.is(widthOf('日本語'), 6);
  t.is(widthOf('🦊 fox'), 6);
  t.is(widthOf('\u001b[1mbold\u001b[22m'), 4);
  t.is(widthOf('© ↔ ✓ e\u0301'), 7);
  t.is(padEnd('日本', 6), '日本  ');
  t.is(padStart('日本', 6), '  日本');
  t.is(padEnd('longer', 3), 'longer');
});

test('columns stay below each other whatever the script of a name', (t) => {
  const lines = table(
    [
      ['日本語', '1'],
      ['abc', '22'],
      ['🦊', '333'],
    ],
    [1],
    '',
  );
  t.deepEqual(lines, ['日本語    1', 'abc      22', '🦊      333']);
});

test('a sentence is broken between words, and never between a number and its word', (t) => {
  t.deepEqual(wrapped('26 unattributed, 6 resumable, 2 active', 20), [
    '26 unattributed,',
    '6 resumable,',
    '2 active',
  ]);
  t.deepEqual(wrapped('3.4 MB of 252 GB', 9, '', '  '), ['3.4 MB of', '  252 GB']);
  t.deepEqual(wrapped('see /a/very/long/path here', 8, '> ', '  '), [
    '> see',
    '  /a/very/long/path',
    '  here',
  ]);
  t.deepEqual(wrapped('', 8, '> '), ['> ']);
});

test('whatever is wrapped, no word is lost, and only a word that has no room is too wide', (t) => {
  const words = fc.array(fc.stringMatching(/^[a-z0-9日]{1,12}$/), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(words, fc.integer({ min: 4, max: 60 }), (given, width) => {
      const text = given.join(' ');
      const lines = wrapped(text, width, '', '  ');
      t.is(lines.map((line) => line.trim()).join(' '), text);
      for (const line of lines) {
        const isOneWord = line.trim().split(/(?<!\d) /).length === 1;
        t.true(isOneWord || widthOf(line) <= width, JSON.stringify(line));
      }
    }),
  );
});
