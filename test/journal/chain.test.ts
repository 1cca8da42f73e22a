import { createHash } from 'node:crypto';
import test from 'ava';
import * as fc from 'fast-check';
import { chainHash, chainSeed } from '../../src/journal/chain.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

function chain(texts: readonly string[]): string[] {
  const hashes: string[] = [];
  for (const text of texts) hashes.push(chainHash(hashes.at(-1) ?? chainSeed('j'), text));
  return hashes;
}

/** What a verifier does: hashes are stored beside the texts. */
function holds(stored: readonly (readonly [hash: string, text: string])[]): boolean {
  return stored.every(([hash, text], at) => chainHash(stored[at - 1]?.[0] ?? chainSeed('j'), text) === hash);
}

test('the chain is the one that the format describes', (t) => {
  t.is(chainSeed('abc'), sha256('prodigy-journal-v1\nabc'));
  t.is(chainHash('00', 'é'), sha256('00é'));
});

const texts = fc.uniqueArray(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 20 });

test('an edited, a removed and two exchanged entries break it (P10)', (t) => {
  fc.assert(
    fc.property(texts, fc.nat(), (list, pick) => {
      const stored = chain(list).map((hash, at) => [hash, list[at] ?? ''] as const);
      const at = pick % (list.length - 1);
      const [one, next] = [stored[at], stored[at + 1]];
      if (one === undefined || next === undefined) return t.fail();
      t.true(holds(stored));
      t.false(holds(stored.with(at, [one[0], `${one[1]}!`])));
      t.false(holds(stored.toSpliced(at, 1)));
      t.false(holds(stored.toSpliced(at, 2, next, one)));
    }),
  );
});
