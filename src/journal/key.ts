import { invariant } from '../model/invariant.ts';

const digits = 16;

/** Sorts before every other key and is rewritten in every batch: see {@link highHeadKey}. */
export const lowHeadKey = 'a!head';
/** Sorts after every other key. With its twin it makes all tables overlap, so that they get merged. */
export const highHeadKey = 'z!head';
export const formatKey = 'm!format';
/** Present while the reserve is given up and the journal says so. */
export const reserveKey = 'm!reserve';

/** The key of entry `seq`: keys sort as sequences do. */
export function entryKey(seq: number): string {
  const isSequence = Number.isSafeInteger(seq) && seq >= 0;
  invariant(isSequence, isSequence ? '' : `no sequence number: ${seq}`);
  return `e!${String(seq).padStart(digits, '0')}`;
}

/** The sequence number in an entry's key; `undefined` when it is not one. */
export function seqOfKey(key: string): number | undefined {
  if (!/^e!\d{16}$/.test(key)) return undefined;
  const seq = Number(key.slice(2));
  return Number.isSafeInteger(seq) ? seq : undefined;
}

export function rowKey(projection: string, key: string): string {
  return rowPrefix(projection) + key;
}

export function rowPrefix(projection: string): string {
  invariant(/^[a-z-]+$/.test(projection), `no name for a projection: ${projection}`);
  return `p!${projection}!`;
}

/** The least key that sorts after every row of the projection. */
export function rowsEnd(projection: string): string {
  return `${rowPrefix(projection).slice(0, -1)}"`;
}
