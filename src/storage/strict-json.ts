import { err, ok, type Result } from 'neverthrow';

/** Why bytes are not taken for JSON. */
export type NotJson = 'not UTF-8' | 'empty' | 'not JSON' | 'a key twice';

/** A byte order mark is kept, so that it is no JSON: Prodigy's own reader refuses it, too. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * JSON as Prodigy's own reader takes it. What that one refuses must not be believed here: of a key that is there twice,
 * JavaScript would quietly believe the last.
 */
export function parseStrictly(bytes: Uint8Array): Result<unknown, NotJson> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return err('not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(text.trim() === '' ? 'empty' : 'not JSON');
  }
  return repeatsKey(text) ? err('a key twice') : ok(value);
}

/** @param text - is JSON; walked without recursion, for it may be nested as deep as it is long */
function repeatsKey(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfString(text, at);
        const keys = open.at(-1);
        if (keys !== undefined && isKey(text, end)) {
          const key = keyOf(text.slice(at, end + 1));
          if (keys.has(key)) return true;
          keys.add(key);
        }
        at = end;
      }
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}

/** The same key can be written in several ways. */
function keyOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}
