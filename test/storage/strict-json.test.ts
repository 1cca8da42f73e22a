import test from 'ava';
import * as fc from 'fast-check';
import { parseStrictly } from '../../src/storage/strict-json.ts';

/** The same judgement the long way: every object's keys side by side. */
function repeatsKey(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  const strings = /"(?:[^"\\]|\\.)*"|[[\]{}]/gsu;
  for (let match = strings.exec(text); match !== null; match = strings.exec(text)) {
    const [token] = match;
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (/^\s*:/u.test(text.slice(strings.lastIndex))) {
      const keys = open.at(-1);
      const key = JSON.parse(token) as string;
      if (keys?.has(key) === true) return true;
      keys?.add(key);
    }
  }
  return false;
}

/** Each string of the text read by itself: Node makes half a character of half a pair. */
function hasHalf(text: string): boolean {
  const strings = text.match(/"(?:[^"\\]|\\.)*"/gsu) ?? [];
  return strings.some((one) => /\p{Surrogate}/u.test(JSON.parse(one) as string));
}

function expected(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return 'not UTF-8';
  }
  try {
    const value: unknown = JSON.parse(text);
    if (hasHalf(text)) return 'half a character';
    return repeatsKey(text) ? 'a key twice' : `read ${JSON.stringify(value)}`;
  } catch {
    return text.trim() === '' ? 'empty' : 'not JSON';
  }
}

function found(bytes: Uint8Array): string {
  return parseStrictly(Buffer.from(bytes)).match(
    (value) => `read ${JSON.stringify(value)}`,
    (why) => why,
  );
}

const key = fc.constantFrom('a', 'b', '', '__proto__', 'a:', '"', '\\', '\\"', '{', '0', 'constructor', 'ä');
const space = fc.constantFrom('', ' ', '\n', '\t', '\r\n  ');

/** The same key in several spellings. */
const quoted = fc
  .tuple(key, fc.boolean())
  .map(([name, isEscaped]) =>
    isEscaped
      ? `"${Array.from(name, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(name),
  );

/** Pairs, halves, and what only looks like one. */
const surrogates = fc
  .array(fc.constantFrom('\\ud83d', '\\uDE00', '\\\\ud83d', '\\u0041', '\\n', 'ud800', '😀', '\\\\'), {
    maxLength: 4,
  })
  .map((pieces) => `"${pieces.join('')}"`);

/** JSON as nobody's printer writes it: keys may be there twice, at any depth. */
const { json } = fc.letrec<{ json: string; list: string; object: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1', '-0.5e3', 'null', 'true', '""', '"x: \\"a\\": {"'),
    quoted,
    surrogates,
    tie('list'),
    tie('object'),
  ),
  list: fc
    .tuple(space, fc.array(tie('json'), { maxLength: 4 }))
    .map(([between, items]) => `[${between}${items.join(`${between},`)}]`),
  object: fc
    .tuple(space, space, fc.array(fc.tuple(quoted, tie('json')), { maxLength: 4 }))
    .map(
      ([before, after, pairs]) =>
        `{${before}${pairs.map(([name, value]) => `${name}${before}:${after}${value}`).join(`${after},`)}}`,
    ),
}));

test('a text is read, or refused, as by the long way', (t) => {
  let repeated = 0;
  let halved = 0;
  let read = 0;
  fc.assert(
    fc.property(json, (text) => {
      const bytes = Buffer.from(text);
      const answer = expected(bytes);
      if (answer === 'a key twice') repeated += 1;
      if (answer === 'half a character') halved += 1;
      if (answer.startsWith('read')) read += 1;
      return found(bytes) === answer;
    }),
    { numRuns: 10_000 },
  );
  t.true(repeated > 200 && halved > 200 && read > 200, `${repeated} and ${halved} refused, ${read} read`);
  t.is(found(Buffer.from(String.raw`{"error":"\ud83d\ude00"}`)), 'read {"error":"😀"}');
  for (const half of [String.raw`\ud800`, String.raw`\uDC00\uD800`, String.raw`\ud83d \ude00`]) {
    t.is(found(Buffer.from(`{"error":"${half}"}`)), 'half a character', half);
    t.is(found(Buffer.from(`{"${half}":1}`)), 'half a character', half);
  }
});

test('bytes of any kind are read, or refused, as by the long way', (t) => {
  const damaged = fc
    .tuple(json, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
    .map(([text, at, byte, isCut]) => {
      const bytes = Buffer.from(text);
      if (bytes.length === 0) return bytes;
      if (isCut) return bytes.subarray(0, at % bytes.length);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
  const hostile = fc.constantFrom(
    Buffer.from([]),
    Buffer.from(' \n'),
    Buffer.from('\uFEFF{}'),
    Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
    Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]),
    Buffer.from([0x22, 0xe2, 0x82, 0x22]),
  );
  fc.assert(
    fc.property(
      fc.oneof(damaged, hostile, fc.uint8Array({ maxLength: 12 })),
      (bytes) => found(bytes) === expected(bytes),
    ),
    { numRuns: 5_000 },
  );
  t.pass();
});

test('what is nested as deep as it is long is judged all the same', (t) => {
  const depth = 100_000;
  const deep = (inside: string): Buffer =>
    Buffer.from(`${'{"a":['.repeat(depth)}${inside}${']}'.repeat(depth)}`);
  t.deepEqual(parseStrictly(deep('{"a":1,"a":2}')).isErr(), true);
  t.is(
    parseStrictly(Buffer.from(`${'['.repeat(2_000)}{"a":1,"a":2}${']'.repeat(2_000)}`))._unsafeUnwrapErr(),
    'a key twice',
  );
  t.true(parseStrictly(Buffer.from(`${'['.repeat(2_000)}{"a":1,"b":2}${']'.repeat(2_000)}`)).isOk());
});
