import { hash } from 'node:crypto';
import type { Head, Link } from './entry.ts';
import { isRecord } from './shape.ts';

/**
 * A sum over the stored rows of one projection, in whatever order: it changes with every row that is added, altered or
 * lost. The chain does not cover rows, and a row that is gone leaves no gap.
 */
export type RowSum = { readonly version: number; readonly count: number; readonly sum: string };

export type RowSums = Readonly<Record<string, RowSum>>;

/** All that a journal says of itself beside its entries. Stored whole, twice, in every batch. */
export type State = {
  /** `undefined` in a format that does not say. */
  readonly journalId: string | undefined;
  /** After it the entries in the database begin; those up to it are sealed. */
  readonly base: Link;
  readonly head: Head;
  /** By the name of the projection; what is missing is not stored. */
  readonly rows: RowSums;
};

const checkDigits = 16;
const sumBits = 128;

/** As it is stored under both keys of the head. It holds a check of itself, for LevelDB checks nothing on reading. */
export function stateText({ journalId, base, head, rows }: State, format: number): string {
  const text = JSON.stringify({ ...head, journalId, base, rows });
  return `${text.slice(0, -1)},"check":"${checkOf(text, format)}"}`;
}

/** `undefined` when it is not, to the letter, what {@link stateText} made. */
export function parseState(text: string | undefined, format: number): State | undefined {
  const value = parse(text);
  if (!isRecord(value)) return undefined;
  const { seq, hash: last, runs, journalId, base, rows } = value;
  if (typeof seq !== 'number' || typeof last !== 'string' || typeof runs !== 'number') return undefined;
  if (typeof journalId !== 'string' || !isLink(base) || !isRecord(rows)) return undefined;
  const state = { journalId, base, head: { seq, hash: last, runs }, rows: rows as RowSums };
  return stateText(state, format) === text ? state : undefined;
}

export function noRows(version: number): RowSum {
  return { version, count: 0, sum: '0'.repeat(sumBits / 4) };
}

/** A sum that rows are added to and taken from, one after the other. */
export class RunningSum {
  readonly #version: number;
  #count: number;
  #total: bigint;

  constructor({ version, count, sum }: RowSum) {
    this.#version = version;
    this.#count = count;
    this.#total = BigInt(`0x${sum}`);
  }

  /** @param worth - what {@link worthOf} says of the row */
  add(worth: bigint): void {
    this.#count += 1;
    this.#total += worth;
  }

  take(worth: bigint): void {
    this.#count -= 1;
    this.#total -= worth;
  }

  get sum(): RowSum {
    const digits = BigInt.asUintN(sumBits, this.#total).toString(16);
    return { version: this.#version, count: this.#count, sum: digits.padStart(sumBits / 4, '0') };
  }
}

/** The sum over rows as they are stored. */
export function sumOf(version: number, rows: Iterable<readonly [key: string, text: string]>): RowSum {
  const running = new RunningSum(noRows(version));
  for (const [key, text] of rows) running.add(worthOf(key, text));
  return running.sum;
}

export function isSameSum(a: RowSum, b: RowSum): boolean {
  return a.version === b.version && a.count === b.count && a.sum === b.sum;
}

/** What one stored row adds to the sum of its projection. */
export function worthOf(key: string, text: string): bigint {
  return BigInt(`0x${hash('sha256', `${key}\n${text}`, 'hex').slice(0, sumBits / 4)}`);
}

function checkOf(text: string, format: number): string {
  return hash('sha256', `${format}\n${text}`, 'hex').slice(0, checkDigits);
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLink(value: unknown): value is Link {
  return isRecord(value) && typeof value['seq'] === 'number' && typeof value['hash'] === 'string';
}
