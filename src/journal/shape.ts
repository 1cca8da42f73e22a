/**
 * The shape that a stored value must have. Words are primitives, tuples are containers, objects are records
 * whose named fields are checked; fields that are not named are let through, for later versions add some.
 */
export type AnyShape = Leaf | Container | { readonly [field: string]: AnyShape };
type Container = readonly ['list' | 'maybe' | 'map', AnyShape];
type Leaf = 'string' | 'number' | 'boolean' | 'flat';

type Primitive<T> = [T] extends [string]
  ? 'string'
  : [T] extends [number]
    ? 'number'
    : [T] extends [boolean]
      ? 'boolean'
      : 'flat';

/** The one shape that fits type `T`, so that the compiler refuses a table that has fallen behind its types. */
export type Shape<T> = [T] extends [string | number | boolean]
  ? Primitive<T>
  : [T] extends [readonly (infer Element)[]]
    ? readonly ['list', Shape<Element>]
    : string extends keyof T
      ? 'flat'
      : Fields<T>;

/** Shapes of all fields but `type`. */
export type Fields<T> = {
  readonly [K in keyof T as K extends 'type' ? never : K]-?: Pick<T, K> extends Required<Pick<T, K>>
    ? FieldShape<T[K]>
    : readonly ['maybe', FieldShape<Exclude<T[K], undefined>>];
};

/** Records by a union of words (`{[K in Kind]?: Tally}`) may be written as maps. */
type FieldShape<T> =
  | Shape<T>
  | (T extends Readonly<Partial<Record<string, infer V>>>
      ? readonly ['map', Shape<Exclude<V, undefined>>]
      : never);

/** Answers with the path of the first thing that does not fit, and `undefined` when all does. */
export type Check = (value: unknown) => string | undefined;

/** Makes the check once; running it allocates nothing unless it fails. */
export function checkOf(shape: AnyShape): Check {
  if (shape === 'flat') return flat;
  if (typeof shape === 'string') return (value) => (typeof value === shape ? undefined : `: no ${shape}`);
  if (isContainer(shape)) return containerCheck(shape);
  return recordCheck(Object.entries(shape).map(([field, inner]) => [field, checkOf(inner)] as const));
}

function isContainer(shape: AnyShape): shape is Container {
  return Array.isArray(shape);
}

function containerCheck([container, inner]: Container): Check {
  const check = checkOf(inner);
  if (container === 'maybe') return (value) => (value === undefined ? undefined : check(value));
  if (container === 'map')
    return (value) => (isRecord(value) ? firstWrong(Object.entries(value), check) : ': no object');
  return (value) => (Array.isArray(value) ? firstWrongIn(value, check) : ': no array');
}

function firstWrongIn(list: readonly unknown[], check: Check): string | undefined {
  for (let index = 0; index < list.length; index += 1) {
    const wrong = check(list[index]);
    if (wrong !== undefined) return `.${index}${wrong}`;
  }
  return undefined;
}

function firstWrong(entries: Iterable<readonly [string, unknown]>, check: Check): string | undefined {
  for (const [key, value] of entries) {
    const wrong = check(value);
    if (wrong !== undefined) return `.${key}${wrong}`;
  }
  return undefined;
}

function recordCheck(fields: readonly (readonly [string, Check])[]): Check {
  return (value) => {
    if (!isRecord(value)) return ': no object';
    for (const [field, check] of fields) {
      const wrong = check(value[field]);
      if (wrong !== undefined) return `.${field}${wrong}`;
    }
    return undefined;
  };
}

/** A record of primitives, such as evidence. */
function flat(value: unknown): string | undefined {
  if (!isRecord(value)) return ': no object';
  for (const key in value) {
    const field = value[key];
    if (typeof field === 'object' || field === undefined) return `.${key}: no plain value`;
  }
  return undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
