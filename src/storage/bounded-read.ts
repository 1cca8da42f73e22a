import { fstatSync, openSync, readSync } from 'node:fs';
import { openFlags } from '../regular-file.ts';
import { closeRead } from './see.ts';

/** Nothing is waited for between a read and its text: a hundred thousand heads of logs need no memory each. */
const buffer = Buffer.allocUnsafe(64 * 1024);

const utf8 = new TextDecoder('utf-8');

/** The first bytes of a file that may be huge, as text; `undefined` when it is no readable regular file. */
export function readHead(path: string, maxBytes: number): string | undefined {
  return readRange(path, () => 0, maxBytes);
}

/** The last bytes of a file that may be huge, as text. */
export function readTail(path: string, maxBytes: number): string | undefined {
  return readRange(path, (size) => Math.max(0, size - maxBytes), maxBytes);
}

function readRange(path: string, start: (size: number) => number, maxBytes: number): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, openFlags);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return undefined;
    const length = Math.min(maxBytes, stats.size);
    const into = length <= buffer.length ? buffer : Buffer.allocUnsafe(length);
    const count = readSync(descriptor, into, 0, length, start(stats.size));
    return utf8.decode(into.subarray(0, count));
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeRead(descriptor);
  }
}
