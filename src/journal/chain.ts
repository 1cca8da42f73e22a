import { hash } from 'node:crypto';

const seedPrefix = 'prodigy-journal-v1\n';

/** Length of a hash as stored in front of each entry: 64 lower-case hex digits. */
export const hashLength = 64;

/** The hash that entry 0 follows. */
export function chainSeed(journalId: string): string {
  return hash('sha256', seedPrefix + journalId, 'hex');
}

/** The hash of an entry: over its predecessor's and its exact stored text, never over a re-serialised object. */
export function chainHash(previous: string, text: string): string {
  return hash('sha256', previous + text, 'hex');
}

export function sha256Of(bytes: Buffer | string): string {
  return hash('sha256', bytes, 'hex');
}
