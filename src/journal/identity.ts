import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readIfThere, replaceFile } from './durable.ts';
import { attempt, damaged } from './journal-failure.ts';
import type { Genesis } from './inspect.ts';
import { isRecord } from './shape.ts';
import { toIso } from './timestamp.ts';

/** Says outside the database that there is one, so that an empty one is never taken for it. Written once. */
export type Identity = {
  readonly journalId: string;
  readonly createdAt: string;
  readonly format: number;
  readonly host: string;
};

/** What it is of a journal that begins with `genesis`: it says nothing else, ever. */
export function identityFrom({ journalId, atMs, format, host }: Genesis): Identity {
  return { journalId, createdAt: toIso(atMs), format, host };
}

const fileName = 'identity.json';

export function identityPath(directory: string): string {
  return join(directory, fileName);
}

/** `undefined` when there is none. */
export function readIdentity(directory: string): ResultAsync<Identity | undefined, JournalFailure> {
  return attempt(directory, () => readIfThere(identityPath(directory))).andThen((text) => {
    if (text === undefined) return ok(undefined);
    const identity = parse(text);
    return identity === undefined
      ? err(damaged(directory, undefined, `${fileName} is unreadable`))
      : ok(identity);
  });
}

export function writeIdentity(directory: string, identity: Identity): ResultAsync<void, JournalFailure> {
  return attempt(directory, () => replaceFile(identityPath(directory), `${JSON.stringify(identity)}\n`));
}

function parse(text: string): Identity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    const { journalId, createdAt, format, host } = value;
    if (typeof journalId !== 'string' || typeof createdAt !== 'string') return undefined;
    if (typeof format !== 'number' || typeof host !== 'string') return undefined;
    return { journalId, createdAt, format, host };
  } catch {
    return undefined;
  }
}
