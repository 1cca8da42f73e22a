import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { invariant } from '../model/invariant.ts';

/** A stretch of the list, shared by all threads. */
export type Stretch = {
  /** What is to be read: a letter for how, then the path; ends of them are in `ends`. */
  readonly text: Uint8Array<SharedArrayBuffer>;
  readonly ends: Uint32Array<SharedArrayBuffer>;
  /** The next one that nobody has taken, in its only element; moved on by whoever needs them, too. */
  readonly next: Int32Array<SharedArrayBuffer>;
};

/** Taken at once: as small as the other threads' distance to the one who needs them may be. */
const takenAtOnce = 8;

/** No link is followed, and nobody at the other end of a pipe is waited for. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const sink = Buffer.allocUnsafe(64 * 1024);
const headBytes = 4 * 1024;

invariant(parentPort, 'this module is a thread');
parentPort.on('message', (stretch: Stretch) => readStretch(stretch));

function readStretch({ text, ends, next }: Stretch): void {
  // Shared memory is no text for the decoder: each piece is copied.
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  for (;;) {
    const from = Atomics.add(next, 0, takenAtOnce);
    if (from >= ends.length) return;
    for (let index = from; index < Math.min(from + takenAtOnce, ends.length); index += 1) {
      const entry = bytes.toString('utf8', index === 0 ? 0 : ends[index - 1], ends[index]);
      if (entry !== '') read(entry[0], entry.slice(1));
    }
  }
}

/** Whoever needs it meets what is wrong with it, and says so. */
function read(how: string | undefined, path: string): void {
  try {
    if (how === 'l' || how === 'd') readDirectory(path, how === 'd');
    else readFile(path, how === 'h' ? headBytes : sink.length);
  } catch {
    // As above.
  }
}

/** What lies behind a link may be somebody else's, or far away: it is asked for first, and nothing but time depends on it. */
function readDirectory(path: string, withFiles: boolean): void {
  if (!lstatSync(path).isDirectory()) return;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (withFiles && entry.isFile()) readFile(`${path}/${entry.name}`, sink.length);
}

function readFile(path: string, most: number): void {
  const descriptor = openSync(path, flags);
  try {
    // What is read from a pipe is gone.
    if (fstatSync(descriptor).isFile()) readSync(descriptor, sink, 0, most, 0);
  } finally {
    closeSync(descriptor);
  }
}
