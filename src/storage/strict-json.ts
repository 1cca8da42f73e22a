import { Buffer, isUtf8 } from 'node:buffer';
import { err, ok, type Result } from 'neverthrow';

/** Why bytes are not taken for JSON. */
export type NotJson = 'not UTF-8' | 'empty' | 'not JSON' | 'a key twice' | 'half a character';

/**
 * JSON as Prodigy's own reader takes it. What that one refuses must not be believed here: of a key that is there twice,
 * JavaScript would quietly believe the last; half of a surrogate pair is no character. A byte order mark is kept, so that it is no JSON: Prodigy's own reader
 * refuses it, too.
 */
export function parseStrictly(bytes: Uint8Array): Result<unknown, NotJson> {
  if (!isUtf8(bytes)) return err('not UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(text.trim() === '' ? 'empty' : 'not JSON');
  }
  if (hasLoneSurrogate(text)) return err('half a character');
  return repeatsKey(text, value) ? err('a key twice') : ok(value);
}

const mayHaveSurrogate = /\\u[dD][89a-fA-F]/u;

/**
 * An escape of one half of a surrogate pair, without the other half beside it.
 *
 * @param text - is JSON
 */
function hasLoneSurrogate(text: string): boolean {
  if (!mayHaveSurrogate.test(text)) return false;
  // Escapes one by one: what looks like one after an escaped backslash is none.
  const escapes = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u(?<code>[\da-fA-F]{4})|.)/gsu;
  for (const { groups } of text.matchAll(escapes)) {
    if (/^[dD][89a-fA-F]/u.test(groups?.['code'] ?? '')) return true;
  }
  return false;
}

/**
 * Of what is there twice, one is left: then fewer keys are in the value than are written in the text.
 *
 * @param text - is JSON
 */
function repeatsKey(text: string, value: unknown): boolean {
  return keysWritten(text) !== keysIn(value);
}

/** What lies between two strings needs no look: a quote stands nowhere else, and a colon after it behind keys only. */
function keysWritten(text: string): number {
  let keys = 0;
  for (let at = text.indexOf('"'); at !== -1;) {
    const end = endOfString(text, at);
    if (isKey(text, end)) keys += 1;
    at = text.indexOf('"', end + 1);
  }
  return keys;
}

/** Walked without recursion, for it may be nested as deep as its text is long. */
function keysIn(value: unknown): number {
  let keys = 0;
  const pending = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (!Array.isArray(next)) keys += inside.length;
    for (const one of inside) if (typeof one === 'object' && one !== null) pending.push(one);
  }
  return keys;
}

const backslash = 0x5c;
const colon = 0x3a;

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return text.charCodeAt(at) === colon;
}

/** Space, line feed, carriage return, tab. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
