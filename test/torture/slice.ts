import test from 'ava';
import { isRoot, makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import type { Suite } from './suite.ts';

// What the programs started here cover, other tests cover, too: to write it down each time would take a quarter of the time.
delete process.env['NODE_V8_COVERAGE'];

/** The part of a suite that belongs to `npm test`: its first seeds. In CI, which is root, nothing may be left out. */
export function slice(suite: Suite, claim: string): void {
  test.serial(`${suite.id}: ${claim}`, async (t) => {
    t.timeout(300_000);
    const hindrance = await suite.hindrance();
    if (hindrance !== undefined) {
      t.false(isRoot() && process.platform === 'linux' && process.env['CI'] === 'true', hindrance);
      t.log(`left out: ${hindrance}`);
      t.pass();
      return;
    }
    try {
      for (let seed = 0; seed < suite.slice; seed += 1) {
        const directory = makeTemporaryDirectory(`torture-${suite.id.toLowerCase()}-`);
        try {
          const { violations } = await suite.trial(seed, directory);
          t.deepEqual(violations, [], `npm run torture -- --suite ${suite.id} --from ${seed} --seeds 1`);
        } finally {
          removeTemporaryDirectory(directory);
        }
      }
    } finally {
      await suite.close?.();
    }
  });
}
