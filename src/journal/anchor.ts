import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readIfThere, replaceFile } from './durable.ts';
import type { Head } from './entry.ts';
import { attempt, damaged } from './journal-failure.ts';
import { isRecord } from './shape.ts';
import { toIso } from './timestamp.ts';

/** How far the journal was at the end of a run: the chain alone cannot see a tail that was cut off. */
export type Anchor = {
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
  /** What the files of the database were when it was closed, as a sum. */
  readonly files?: string;
  /** What the files of the sealed segments were when they were last known to be whole, as a sum of sizes and times. */
  readonly segments?: string;
};

const fileName = 'anchor.json';

/** `undefined` when there is none. */
export function readAnchor(directory: string): ResultAsync<Anchor | undefined, JournalFailure> {
  return attempt(directory, () => readIfThere(join(directory, fileName))).andThen((text) => {
    if (text === undefined) return ok(undefined);
    const anchor = parse(text);
    return anchor === undefined
      ? err(damaged(directory, undefined, `${fileName} is unreadable`))
      : ok(anchor);
  });
}

export function replaceAnchor(
  directory: string,
  { seq, hash }: Head,
  nowMs: number,
  sums: Pick<Anchor, 'files' | 'segments'> = {},
): ResultAsync<void, JournalFailure> {
  const anchor: Anchor = { seq, hash, at: toIso(nowMs), ...sums };
  return attempt(directory, () => replaceFile(join(directory, fileName), `${JSON.stringify(anchor)}\n`));
}

function parse(text: string): Anchor | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    const { seq, hash, at, files, segments } = value;
    if (typeof seq !== 'number' || typeof hash !== 'string' || typeof at !== 'string') return undefined;
    return {
      seq,
      hash,
      at,
      ...(typeof files === 'string' ? { files } : {}),
      ...(typeof segments === 'string' ? { segments } : {}),
    };
  } catch {
    return undefined;
  }
}
