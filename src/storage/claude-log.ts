import { isAbsolute } from 'node:path';
import { readHead } from './bounded-read.ts';

const firstBytes = 4 * 1024;
const mostBytes = 64 * 1024;
const mostLines = 8;
const cwdField = /"cwd"\s*:\s*("(?:[^"\\]|\\.)*")/;

/**
 * The directory Claude worked in, from the first lines of its log: best effort, Claude's format is not Prodigy's.
 * A line longer than what is read still tells, as long as its `cwd` lies within.
 */
export function workingDirectoryOfLog(path: string): string | undefined {
  const short = readHead(path, firstBytes);
  const found = short === undefined ? undefined : cwdOf(short);
  if (found !== undefined || short === undefined || Buffer.byteLength(short) < firstBytes) return found;
  const long = readHead(path, mostBytes);
  return long === undefined ? undefined : cwdOf(long);
}

function cwdOf(text: string): string | undefined {
  for (const line of text.split('\n', mostLines)) {
    // Only Claude's own first object is believed, not what a command printed.
    if (!line.startsWith('{"type":"system"') && !/^\{\s*"type"\s*:\s*"system"/.test(line)) continue;
    const quoted = cwdField.exec(line)?.[1];
    if (quoted === undefined) continue;
    try {
      const cwd: unknown = JSON.parse(quoted);
      if (typeof cwd === 'string' && isAbsolute(cwd)) return cwd;
    } catch {
      // Cut in the middle of an escape: as good as no `cwd`.
    }
  }
  return undefined;
}
