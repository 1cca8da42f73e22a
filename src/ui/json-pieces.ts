import { err, ok, type Result } from 'neverthrow';

/**
 * Fields of a document as `JSON.stringify(document, null, 2)` has them, each after a comma: so that its text can be
 * written piece by piece. Of no field, nothing.
 */
export function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(fields, null, 2);
  return text === '{}' ? '' : `,${text.slice(1, -2)}`;
}

/**
 * A field with a list that may be longer than there is memory.
 *
 * @param field - ends with the list, which is empty here
 * @param pages - what is in the list
 */
export async function* listText<Value, Failure>(
  field: Readonly<Record<string, unknown>>,
  pages: AsyncIterable<Result<readonly Value[], Failure>> | Iterable<Result<readonly Value[], Failure>>,
  documentOf: (value: Value) => unknown,
): AsyncGenerator<Result<string, Failure>> {
  const text = fieldsText(field);
  const at = text.lastIndexOf('[]') + 1;
  const indent = /^ */.exec(text.slice(text.lastIndexOf('\n', at) + 1))?.[0] ?? '';
  yield ok(text.slice(0, at));
  let isEmpty = true;
  for await (const page of pages) {
    if (page.isErr()) return yield err(page.error);
    if (page.value.length === 0) continue;
    yield ok(`${isEmpty ? '' : ','}${valuesText(page.value.map(documentOf), indent.length / 2)}`);
    isEmpty = false;
  }
  yield ok(`${isEmpty ? '' : `\n${indent}`}${text.slice(at)}`);
}

/** What stands between the brackets of a list that lies so deep. */
function valuesText(values: readonly unknown[], depth: number): string {
  const text = JSON.stringify(nested(values, depth), null, 2);
  const brackets = JSON.stringify(nested([], depth), null, 2);
  const at = brackets.indexOf('[]') + 1;
  return text.slice(at, -(brackets.length - at + '\n'.length + 2 * depth));
}

function nested(values: readonly unknown[], depth: number): readonly unknown[] {
  return depth === 0 ? values : [nested(values, depth - 1)];
}

const valuesAtOnce = 256;

/** What is in memory as a whole, so that no more of its text is. */
export function* inPages<Value>(values: Iterable<Value>): Generator<Result<readonly Value[], never>> {
  let page: Value[] = [];
  for (const value of values) {
    page.push(value);
    if (page.length < valuesAtOnce) continue;
    yield ok(page);
    page = [];
  }
  yield ok(page);
}
