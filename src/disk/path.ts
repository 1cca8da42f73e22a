import { isAbsolute, resolve, sep } from 'node:path';

/** An empty segment, `.` or `..`, at the end, too. */
const unresolved = /\/\.{0,2}(?:\/|$)/u;

/**
 * One spelling for each absolute path: `.`, `..`, doubled and trailing separators are resolved in the text,
 * no disk is asked. `undefined` for what must never reach one: relative or empty text, and NUL bytes.
 */
export function normalise(path: string): string | undefined {
  if (!isAbsolute(path) || path.includes('\0')) return undefined;
  // Asked for each of 100,000 items, several times: hardly ever is there anything to resolve.
  return sep === '/' && !unresolved.test(path) ? path : resolve(path);
}

/** Whether `path` lies strictly inside `root`, as text. `/tmpfoo` is not inside `/tmp`; nothing is inside itself. */
export function isInside(path: string, root: string): boolean {
  const inner = normalise(path);
  const outer = normalise(root);
  if (inner === undefined || outer === undefined) return false;
  // Only the root of a file system keeps its separator when normalised.
  const prefix = outer.endsWith(sep) ? outer : outer + sep;
  return inner.length > prefix.length && inner.startsWith(prefix);
}

/** Whether `ancestor` is `path` or one of the directories above it, as text. */
export function isAncestorOrSelf(ancestor: string, path: string): boolean {
  const same = normalise(ancestor);
  return (same !== undefined && same === normalise(path)) || isInside(path, ancestor);
}

/**
 * Where a name that was listed in a directory is: what `join` makes of them, which looks through every letter of a path
 * that is known to be in order.
 *
 * @param directory - absolute and normalised
 */
export function pathIn(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name;
}
