import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { joined } from './name.ts';
import type { Name } from './name.ts';

/** The system takes paths of up to 4,095 bytes; a name in the directory must still fit behind it. */
const longestPathBytes = 3_800;

/**
 * Something short that leads to the directory: its path, or for a longer one (Linux only) a descriptor, reached
 * piece by piece. To be closed after use.
 */
export function enterDeep(path: Name): { readonly at: Name; readonly close: () => void } {
  // A character of text is three bytes at most.
  if (path.length * 3 <= longestPathBytes || process.platform !== 'linux')
    return { at: path, close: () => undefined };
  let rest = Buffer.from(path);
  if (rest.length <= longestPathBytes) return { at: path, close: () => undefined };

  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  let fd: number | undefined;
  try {
    while (rest.length > 0) {
      const end = rest.length <= longestPathBytes ? rest.length : rest.lastIndexOf('/', longestPathBytes);
      const piece = rest.subarray(0, end);
      const next = fs.openSync(
        fd === undefined ? piece : joined(`/proc/self/fd/${fd}`, piece),
        O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
      );
      if (fd !== undefined) fs.closeSync(fd);
      fd = next;
      rest = rest.subarray(end + 1);
    }
  } catch (cause) {
    if (fd !== undefined) fs.closeSync(fd);
    throw cause;
  }
  const opened = fd;
  return {
    at: `/proc/self/fd/${opened}`,
    close: () => {
      if (opened !== undefined) fs.closeSync(opened);
    },
  };
}
