import type { Random } from './random.ts';
import type { Form } from './stored.ts';

/** What a file becomes. `broken`: by the way it was made nobody can understand it, whatever a lenient reader thinks. */
export type Mutant = {
  readonly name: string;
  readonly broken?: boolean;
  readonly become:
    | { readonly type: 'bytes'; readonly bytes: Buffer }
    /** The same bytes, followed by so many that are not there: a sparse file. */
    | { readonly type: 'sparse'; readonly sizeBytes: number }
    | { readonly type: 'directory' }
    /** A link to a file that says the same. */
    | { readonly type: 'link' };
};

export type Origin = {
  readonly form: Form;
  readonly bytes: Buffer;
  /** Files of the same form, of other bundles. */
  readonly others: readonly Buffer[];
};

type Make = (origin: Origin, random: Random) => Mutant | undefined;

const bytes = (name: string, made: Buffer | string, broken = false): Mutant => ({
  name,
  broken,
  become: { type: 'bytes', bytes: Buffer.from(made) },
});

/** To any file, whatever is in it. */
const anywhere: readonly Make[] = [
  ({ bytes: all }, random) => bytes('cut', all.subarray(0, random.below(all.length + 1))),
  ({ bytes: all }, random) => bytes('flip', flipped(all, random, 1)),
  ({ bytes: all }, random) => bytes('flip', flipped(all, random, 1)),
  ({ bytes: all }, random) => bytes('flips', flipped(all, random, 2 + random.below(30))),
  ({ bytes: all }, random) => {
    const from = random.below(all.length + 1);
    const zeroed = Buffer.from(all);
    zeroed.fill(0, from, Math.min(all.length, from + 1 + random.below(512)));
    return bytes('zeroed', zeroed);
  },
  ({ bytes: all }, random) => {
    const at = random.below(all.length + 1);
    return bytes('not UTF-8', Buffer.concat([all.subarray(0, at), odd(random), all.subarray(at)]));
  },
  ({ bytes: all }) => bytes('BOM', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), all])),
  ({ bytes: all }) => bytes('UTF-16', Buffer.from(`\uFEFF${all.toString('latin1')}`, 'utf16le')),
  ({ bytes: all }) => bytes('twice', Buffer.concat([all, Buffer.from('\n'), all])),
  ({ others }, random) => (others.length === 0 ? undefined : bytes('swapped', random.pick(others))),
  (_, random) => bytes('other', random.pick(['', ' \n', 'null', '[]', '0', '"x"', '{}', 'true', '\0'])),
  (_, random) => bytes('deep', nested(1_000 + random.below(100_000), random.pick(['{"a":', '[']))),
  (_, random) =>
    random.chance(0.1) ? { name: 'huge', become: { type: 'sparse', sizeBytes: 65 << 20 } } : undefined,
  (_, random) => (random.chance(0.3) ? { name: 'directory', become: { type: 'directory' } } : undefined),
  (_, random) => (random.chance(0.3) ? { name: 'link', become: { type: 'link' } } : undefined),
];

const farDates = ['9999-12-31T23:59:59Z', '2999-01-01T00:00:00.5Z'];
const absurdDates = [
  '0000-99-99T99:99:99Z',
  '2025-02-30T00:00:00Z',
  '2025-13-01T00:00:00Z',
  '2025-01-01T24:00:00Z',
  '2025-01-01T00:00:00',
  '2025-01-01 00:00:00Z',
  '1970-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '1601-01-01T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  'Thu, 01 Jan 2025 00:00:00 GMT',
  '1735689600',
];
const dates = /"\d{4}-\d\d-\d\dT[^"]*"/g;
const words = [
  'archived',
  'completed',
  'Completed ',
  'COMPLETED',
  'Completed\0',
  'Complete',
  'Done',
  '',
  'null',
];

/** To a file that holds one JSON object. */
const inJson: readonly Make[] = [
  ...[0, 1, 2].map(
    (): Make => (origin, random) =>
      edited('odd value', origin, (record) => {
        const [holder, key] = place(record, random);
        holder[key] = oddValue(random);
      }),
  ),
  (origin, random) =>
    edited('dropped', origin, (record) => {
      const [holder, key] = place(record, random);
      delete holder[key];
    }),
  (origin, random) =>
    edited('unknown word', origin, (record) => {
      const named = ['status', 'session_type', 'phase'].filter((key) => typeof record[key] === 'string');
      const key = named.length > 0 ? random.pick(named) : random.pick(Object.keys(record));
      record[key] = random.pick(words);
    }),
  (origin, random) => replaced('deep inside', origin, random, nested(random.pick([200, 50_000]), '[')),
  (origin, random) =>
    edited('huge value', origin, (record) => {
      record[random.pick(Object.keys(record))] = 'x'.repeat(100_000);
    }),
  enormous,
  enormous,
  duplicate,
  duplicate,
  duplicate,
  ({ bytes: all }, random) => {
    const date = random.pick(absurdDates);
    return bytes(`dates ${date}`, all.toString('utf8').replaceAll(dates, `"${date}"`));
  },
  ({ bytes: all }, random) => {
    const date = random.pick(farDates);
    return bytes('from the future', all.toString('utf8').replaceAll(dates, `"${date}"`));
  },
];

const jsonForms: ReadonlySet<Form> = new Set([
  'session',
  'checkpoint',
  'job-metadata',
  'job-checkpoint',
  'library-checkpoint',
  'reduce-checkpoint',
  'letter',
  'letter-index',
  'mapping',
  'lock',
  'run-lock',
  'metadata',
]);

/** One way in which a file goes bad; never the bytes it had. */
export function mutate(origin: Origin, random: Random): Mutant {
  const isJson = jsonForms.has(origin.form) && origin.bytes[0] === 0x7b;
  const makes = isJson && random.chance(0.6) ? inJson : anywhere;
  for (;;) {
    const made = random.pick(makes)(origin, random);
    if (made === undefined) continue;
    if (made.become.type !== 'bytes' || !made.become.bytes.equals(origin.bytes)) return made;
  }
}

function flipped(all: Buffer, random: Random, times: number): Buffer {
  if (all.length === 0) return Buffer.from([1 << random.below(8)]);
  const copy = Buffer.from(all);
  for (let time = 0; time < times; time += 1) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
  return copy;
}

function odd(random: Random): Buffer {
  return Buffer.from(random.pick([[0xff], [0xfe, 0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80]]));
}

function nested(depth: number, open: '{"a":' | '['): string {
  return `${open.repeat(depth)}1${(open === '[' ? ']' : '}').repeat(depth)}`;
}

function oddValue(random: Random): unknown {
  return random.pick<unknown>([
    null,
    -1,
    0.5,
    [],
    {},
    true,
    false,
    '',
    'x',
    '../..',
    '/etc/passwd',
    'a\0b',
    '\ud800',
    [[[[]]]],
    { a: { b: 1 } },
    Number.MAX_VALUE,
    Number.MAX_SAFE_INTEGER + 1,
  ]);
}

type Fields = Record<string, unknown>;

function edited(name: string, { bytes: all }: Origin, edit: (record: Fields) => void): Mutant {
  const record = JSON.parse(all.toString('utf8')) as Fields;
  edit(record);
  return bytes(name, JSON.stringify(record, null, 2));
}

/** A field of the record, or of an object right in it. */
function place(record: Fields, random: Random): readonly [Fields, string] {
  const inner = Object.values(record).filter(
    (value): value is Fields => typeof value === 'object' && value !== null && Object.keys(value).length > 0,
  );
  const holder = inner.length > 0 && random.chance(0.3) ? random.pick(inner) : record;
  return [holder, random.pick(Object.keys(holder))];
}

/** JSON allows numbers that no number holds. */
function enormous(origin: Origin, random: Random): Mutant {
  const number = random.pick(['1e999', '-1e999', '-5', '1e308', '0.1', '1E-999', '9'.repeat(400)]);
  return replaced('enormous number', origin, random, number, 'number');
}

/** Puts JSON in the place of a value, as text: it need not be what JavaScript would write. */
function replaced(name: string, origin: Origin, random: Random, json: string, type?: 'number'): Mutant {
  const made = edited(name, origin, (record) => {
    const fitting = Object.keys(record).filter((key) => typeof record[key] === type);
    record[random.pick(fitting.length > 0 ? fitting : Object.keys(record))] = '<here>';
  });
  return made.become.type === 'bytes'
    ? bytes(name, made.become.bytes.toString('utf8').replace('"<here>"', json))
    : made;
}

const claims: readonly (readonly [string, string])[] = [
  ['status', '"Completed"'],
  ['status', '"Running"'],
  ['is_complete', 'true'],
  ['is_complete', 'false'],
  ['reprocess_eligible', 'false'],
  ['manual_review_required', 'false'],
  ['process_id', '999999999'],
  ['pid', '999999999'],
  ['host', '"elsewhere"'],
  ['completed_steps', '99'],
  ['version', '1'],
];

/** The same key twice: readers differ in which of the two they believe, and Prodigy's own believes neither. */
function duplicate({ bytes: all }: Origin, random: Random): Mutant {
  const text = all.toString('utf8');
  const record = JSON.parse(text) as Fields;
  const fitting = claims.filter(([key]) => key in record);
  const key = random.pick(Object.keys(record));
  const [name, value] =
    fitting.length > 0 && random.chance(0.8)
      ? random.pick(fitting)
      : ([key, JSON.stringify(record[key])] as const);
  // Written with an escape it is the same key all the same.
  const written = random.chance(0.2)
    ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`
    : `"${name}"`;
  const end = text.lastIndexOf('}');
  const made = random.chance(0.7)
    ? `${text.slice(0, end).trimEnd()},\n  ${written}: ${value}\n}`
    : text.replace('{', `{${written}: ${value},`);
  return bytes('key twice', made, true);
}
