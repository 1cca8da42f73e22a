import { Buffer } from 'node:buffer';

/** One name of a directory, or a path: bytes where they are not valid UTF-8, text everywhere else. */
export type Name = string | Buffer;

/** What the decoder writes in place of bytes that are not UTF-8. */
const replacement = '\uFFFD';

/** Whether text read from a directory may not be what is on disk, and must be read again as bytes. */
export function isDoubtful(name: string): boolean {
  return name.includes(replacement);
}

/** The bytes as text when that loses nothing. */
export function toName(bytes: Buffer): Name {
  const text = bytes.toString('utf8');
  return isDoubtful(text) && !Buffer.from(text, 'utf8').equals(bytes) ? bytes : text;
}

/** `directory/name`, bytes if either is. */
export function joined(directory: Name, name: Name): Name {
  if (typeof directory === 'string' && typeof name === 'string') return `${directory}/${name}`;
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), Buffer.from(name)]);
}

/** For people and failures only: bytes that are not UTF-8 are lost. */
export function toText(name: Name): string {
  return typeof name === 'string' ? name : name.toString('utf8');
}
