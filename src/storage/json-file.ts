import { fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import type { Doubt } from '../model/reason.ts';
import { openFlags } from '../regular-file.ts';
import { closeRead, errorCode, seen, unreadable, type Seen } from './see.ts';
import { parseStrictly } from './strict-json.ts';

/** What came of reading one small JSON file. A file that was not understood is never half believed. */
export type Reading<T> =
  | { readonly state: 'read'; readonly value: T; readonly seen: Seen }
  | { readonly state: 'absent' }
  | { readonly state: 'broken'; readonly doubt: Doubt; readonly seen: Seen | undefined };

/** Prodigy truncates and writes in place, so a reader can meet half a file. */
const tornRetries = 3;
const tornPauseMs = 100;
const maxBytes = 64 * 1024 * 1024;

/**
 * Reads and checks the JSON file at `path`, never through a link. What looks torn is read again, three times
 * 100 ms later; anything still odd is a doubt.
 */
export async function readJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
): Promise<Reading<v.InferOutput<S>>> {
  let attempt = readOnce(path);
  for (let retry = 0; retry < tornRetries && attempt.state === 'torn'; retry++) {
    await delay(tornPauseMs);
    attempt = readOnce(path);
  }
  if (attempt.state === 'torn') return { state: 'broken', doubt: attempt.doubt, seen: attempt.seen };
  if (attempt.state !== 'read') return attempt;
  const checked = v.safeParse(schema, attempt.value);
  if (checked.success) return { state: 'read', value: checked.output, seen: attempt.seen };
  // The path of the field, never its value: files of Prodigy hold API keys.
  const field = v.getDotPath(checked.issues[0]) ?? 'document';
  return {
    state: 'broken',
    doubt: { reason: 'unknown-format', detail: `odd ${field}`, path },
    seen: attempt.seen,
  };
}

type Attempt = Reading<unknown> | { readonly state: 'torn'; readonly doubt: Doubt; readonly seen: Seen };

function readOnce(path: string): Attempt {
  let descriptor: number;
  try {
    descriptor = openSync(path, openFlags);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return { state: 'absent' };
    return { state: 'broken', doubt: unreadable(path, cause), seen: undefined };
  }
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    const file = seen(path, stats);
    const odd = (detail: string): Attempt => ({
      state: 'broken',
      doubt: { reason: 'unreadable', detail, path },
      seen: file,
    });
    if (!stats.isFile()) return odd('not a regular file');
    if (stats.size > maxBytes) return odd('larger than 64 MiB');
    return parse(path, file, readAll(descriptor, Number(stats.size)), odd);
  } catch (cause) {
    return { state: 'broken', doubt: unreadable(path, cause), seen: undefined };
  } finally {
    closeRead(descriptor);
  }
}

function parse(path: string, file: Seen, bytes: Uint8Array, odd: (detail: string) => Attempt): Attempt {
  const parsed = parseStrictly(bytes);
  if (parsed.isOk()) return { state: 'read', value: parsed.value, seen: file };
  const detail = parsed.error;
  const isWhole = detail === 'not UTF-8' || detail === 'a key twice' || detail === 'half a character';
  if (isWhole) return odd(detail);
  return { state: 'torn', doubt: { reason: 'unreadable', detail, path }, seen: file };
}

function readAll(descriptor: number, size: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(descriptor, buffer, filled, size - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}
