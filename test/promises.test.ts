import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { repositoryTop } from './helpers/run-prodigy.ts';

/** Stories of other cleaners that no test tells yet, and why. One that a test names has no business here. */
const open: Readonly<Record<number, string>> = {
  6: 'wants a file system that takes two cases of a letter for one',
  8: 'junctions are of Windows',
  16: 'there are no settings yet that could be misread',
  22: 'whether work landed by squash, rebase or cherry-pick is not asked yet',
  27: 'the suite of the full disk',
  32: 'there is no cap on what a run removes yet',
  35: 'nothing is cleaned on other hosts',
  36: 'the suites of the full disk and of damage to the journal',
};

const titles = titlesIn(join(repositoryTop(), 'test'));
const promises = Array.from({ length: 11 }, (_, index) => `P${index + 1}`);
const stories = Array.from({ length: 36 }, (_, index) => index + 1);

for (const promise of promises) {
  test(`somebody tests ${promise} and says so`, (t) => {
    t.true(titles.some((title) => new RegExp(`\\b${promise}\\b`).test(title)));
  });
}

test('each story is told by a test, or it is known why not', (t) => {
  const told = new Set(titles.flatMap(storiesIn));
  t.deepEqual(
    stories.filter((story) => !told.has(story) && open[story] === undefined),
    [],
    'neither told nor listed as open',
  );
  const settled = Object.keys(open).filter((story) => told.has(Number(story)));
  if (settled.length > 0) t.log(`told by now, and still listed as open: ${settled.join(', ')}`);
});

/** `(P1, story 19)`, `(stories 1, 2 and 4)`. */
function storiesIn(title: string): number[] {
  const named = /\bstor(?:y|ies) (\d+(?:(?:, | and )\d+)*)/.exec(title)?.[1];
  return named === undefined ? [] : named.split(/, | and /).map(Number);
}

/** Texts in the sources of tests that name a promise or a story in parentheses, as titles do. */
function titlesIn(directory: string): string[] {
  const sources = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  return sources.flatMap((name) => {
    const text = readFileSync(join(directory, name), 'utf8');
    return name === 'promises.test.ts'
      ? []
      : [...text.matchAll(/\((?:P\d|stor(?:y|ies) \d)[^()\n]*\)/g)].map(([title]) => title);
  });
}
