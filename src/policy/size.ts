import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { UsageFailure } from '../model/failure.ts';

const acceptedCounts: readonly string[] = ['1', '10'];

/** How many, as people type it: a whole number from 1. Zero is refused: it could be read as "none" and as "no limit". */
export function parseCount(text: string): Result<number, UsageFailure> {
  const count = /^[0-9]{1,9}$/.test(text.trim()) ? Number(text) : 0;
  return count > 0
    ? ok(count)
    : err({ type: 'usage', problem: 'this is not a whole number from 1', text, accepted: acceptedCounts });
}

/** Powers of 1024, by the letter before an optional `B` or `iB`. */
const letters = ['', 'K', 'M', 'G', 'T', 'P'];

const acceptedSizes: readonly string[] = ['100B', '10K', '512MB', '1.5 GB', '2TiB'];

/**
 * A size as people type it, in bytes. `K`, `KB` and `KiB` all mean 1024. A bare number is refused, because where
 * sizes are typed counts often are too; so is zero, which other tools have read as "no limit".
 */
export function parseSize(text: string): Result<number, UsageFailure> {
  const refuse = (problem: string): Result<number, UsageFailure> =>
    err({ type: 'usage', problem, text, accepted: acceptedSizes });

  const typed = text.trim();
  if (typed === '') return refuse('a size is missing');
  if (typed.startsWith('-')) return refuse('a size cannot be negative');
  if (/^[0-9.,]+$/.test(typed)) return refuse('a size needs a unit');

  const match = /^([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)(i?b)?$/i.exec(typed);
  if (match === null) return refuse('this is not a size');
  const [, digits, letter = '', ending = ''] = match;
  if (letter === '' && ending.toLowerCase() === 'ib') return refuse('this is not a size');

  const sizeBytes = Math.floor(Number(digits) * 1024 ** letters.indexOf(letter.toUpperCase()));
  if (sizeBytes === 0) return refuse('a size of zero says nothing');
  if (!Number.isSafeInteger(sizeBytes)) return refuse('this size is larger than any disk');
  return ok(sizeBytes);
}
