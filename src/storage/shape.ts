import * as v from 'valibot';
import { isPlainId } from './names.ts';
import { instantMs } from './time.ts';

/** A time of Prodigy's, to UTC milliseconds. */
export const instant: v.GenericSchema<string, number> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const ms = instantMs(dataset.value);
    if (ms !== undefined) return ms;
    addIssue({ message: 'not a time' });
    return NEVER;
  }),
);

/** The id of a session or job: it will be part of a path. */
export const plainId: v.GenericSchema<string, string> = v.pipe(v.string(), v.check(isPlainId, 'not an id'));

/** An object with these fields: a list would pass for one that has none. */
export function fields<S extends v.GenericSchema>(schema: S): v.GenericSchema<unknown, v.InferOutput<S>> {
  return v.pipe(
    v.unknown(),
    v.check((value) => !Array.isArray(value), 'a list'),
    schema,
  );
}

/** Text where there should be text; anything else counts as nothing. For hints, never for protection. */
export const hint: v.GenericSchema<unknown, string | undefined> = v.fallback(
  v.optional(v.string()),
  undefined,
);
