import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { adviceFor, causeIn, causeOf } from '../../src/ui/errno-words.ts';

const source = join(import.meta.dirname, '..', '..', '..', 'src');
/** No code of a failure that is told. */
const others = new Set(['EXAMPLES', 'ENOJOURNAL']);

/** Codes in the source that no system gives. */
function ownCodes(): readonly string[] {
  const codes = new Set<string>();
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    for (const [, code = ''] of readFileSync(join(source, name), 'utf8').matchAll(/'(E[A-Z]{3,})'/g))
      if (!(code in constants.errno) && !others.has(code)) codes.add(code);
  }
  return [...codes];
}

test('of what we refuse ourselves it is not said that the system refused, and each has a next step (P8)', (t) => {
  const codes = ownCodes();
  t.true(codes.includes('ESNAPSHOT'), codes.join(' '));
  for (const code of codes) {
    t.not(causeOf(code), causeOf('unknown'), code);
    t.not(adviceFor(code, '/x'), adviceFor('unknown', '/x'), code);
  }
});

test('what is known of a failure is told instead of what its code means', (t) => {
  t.is(causeIn({ code: 'EIO', detail: 'it cannot be looked at' }), 'it cannot be looked at');
  t.is(causeIn({ code: 'EIO', detail: '' }), 'the disk reports an error');
  t.is(causeIn({ code: 'EIO' }), 'the disk reports an error');
});
