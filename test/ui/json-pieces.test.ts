import test from 'ava';
import * as fc from 'fast-check';
import { ok } from 'neverthrow';
import { fieldsText, inPages, listText } from '../../src/ui/json-pieces.ts';

async function wholeOf(
  field: Readonly<Record<string, unknown>>,
  values: readonly unknown[],
  pageLength: number,
): Promise<string> {
  const pages = [];
  for (let from = 0; from < values.length; from += pageLength)
    pages.push(ok(values.slice(from, from + pageLength)), ok([]));
  let text = '';
  for await (const piece of listText(field, pages, (value) => value)) text += piece._unsafeUnwrap();
  return text;
}

test('a document that is written in pieces is that which is written at once', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.string().filter((name) => !/^\d+$|^__proto__$|^list$/u.test(name)),
        fc.jsonValue(),
      ),
      fc.array(fc.jsonValue()),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (fields, values, pageLength, isDeep) => {
        const listed = (list: readonly unknown[]): Record<string, unknown> =>
          isDeep ? { list: { id: '[]', list } } : { list };
        const whole = { first: 1, ...fields, ...listed(values), last: [] };
        const list = await wholeOf(listed([]), values, pageLength);
        const text = `${fieldsText({ first: 1 })}${fieldsText(fields)}${list}${fieldsText({ last: [] })}`;
        t.is(`{${text.slice(1)}\n}`, JSON.stringify({ ...whole }, null, 2));
      },
    ),
  );
});

test('values are told in pages of which none is long, and none is left out', (t) => {
  const values = Array.from({ length: 1000 }, (_, index) => index);
  const pages = [...inPages(values)].map((page) => page._unsafeUnwrap());
  t.deepEqual(pages.flat(), values);
  t.true(pages.every(({ length }) => length <= 256));
});
