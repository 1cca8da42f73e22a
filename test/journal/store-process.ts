import { randomBytes } from 'node:crypto';
import { openStore } from '../../src/journal/store.ts';

/*
 * Writes a database without end, so that it always merges tables: each batch puts its number under all of the keys, adds
 * a key of its own, and is said when it is durable.
 */
const [, , directory = '', keys = '0'] = process.argv;

const store = (await openStore(directory, { create: true }))._unsafeUnwrap();
let merging: Promise<unknown> = Promise.resolve();
for (let batch = 0; ; batch += 1) {
  // Nothing that could be compressed, so that what is written fills its buffer each time.
  const text = `${batch} ${randomBytes(4096).toString('base64')}`;
  const puts = Array.from({ length: Number(keys) }, (_, key) => {
    return { type: 'put', key: `key ${key}`, value: text } as const;
  });
  const number = { type: 'put', key: `number ${String(batch).padStart(9, '0')}`, value: '' } as const;
  (await store.write([...puts, number]))._unsafeUnwrap();
  process.stdout.write(`${batch}\n`);
  if (batch % 5 === 0) {
    await merging;
    merging = store.compact().unwrapOr(undefined);
  }
}
