import { statfsSync } from 'node:fs';
import { err, ok, ResultAsync } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { notRegular } from '../regular-file.ts';

/** Below this LevelDB cannot even open: it must write to do so. */
const almostFullBytes = 1024 * 1024;

/** Runs `work`; what the file system or LevelDB throw becomes ours, a defect stays a defect. */
export function attempt<T>(path: string, work: () => Promise<T>): ResultAsync<T, JournalFailure> {
  return later(async () => {
    try {
      return ok(await work());
    } catch (error) {
      return err(toJournalFailure(path, error));
    }
  });
}

/** An `async` function's `Result` as a `ResultAsync`; its rejections are defects and stay rejections. */
export function later<T>(work: () => Promise<Result<T, JournalFailure>>): ResultAsync<T, JournalFailure> {
  return new ResultAsync(work());
}

export function damaged(path: string, seq: number | undefined, detail: string): JournalFailure {
  return { type: 'journal-damaged', path, seq, detail };
}

/**
 * What an error of LevelDB or of a system call means for the journal at `path` (JOURNAL 1.6). LevelDB gives no
 * errno: fullness is told by its words and by the free space.
 */
export function toJournalFailure(path: string, error: unknown): JournalFailure {
  const cause = rootCause(error);
  const detail = cause.message;
  if (cause.code === 'LEVEL_LOCKED') return { type: 'journal-locked', path };
  if (isFull(path, cause)) return { type: 'journal-full', path, freeBytes: freeBytes(path) };
  if (cause.code === 'LEVEL_CORRUPTION' || /does not exist \(create_if_missing/.test(detail)) {
    return damaged(path, undefined, detail);
  }
  // A pipe or a directory, say, where one of its files should be.
  if (cause.code === notRegular) return damaged(path, undefined, detail);
  if (closedCodes.has(cause.code)) return { type: 'journal-dead', path };
  return { type: 'journal-unavailable', path, code: errnoOf(cause), detail };
}

const closedCodes: ReadonlySet<string> = new Set([
  'LEVEL_DATABASE_NOT_OPEN',
  'LEVEL_ITERATOR_NOT_OPEN',
  'LEVEL_BATCH_NOT_OPEN',
]);

type Foreign = { readonly code: string; readonly message: string };

/** An open that fails is `LEVEL_DATABASE_NOT_OPEN`, and the reason is its cause. */
function rootCause(error: unknown): Foreign {
  if (!(error instanceof Error)) throw error;
  if (error.cause instanceof Error) return rootCause(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : codeIn(error.message);
  if (code === undefined) throw error;
  return { code, message: error.message };
}

/** What LevelDB says in words only. */
function codeIn(message: string): string | undefined {
  if (/does not exist \(create_if_missing/.test(message)) return '';
  if (message.startsWith('Corruption:')) return 'LEVEL_CORRUPTION';
  // A table whose index leads nowhere.
  if (/^IO error: .*: Invalid argument$/.test(message)) return 'LEVEL_CORRUPTION';
  return message.startsWith('IO error:') ? 'LEVEL_IO_ERROR' : undefined;
}

function isFull(path: string, { code, message }: Foreign): boolean {
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  if (code !== 'LEVEL_IO_ERROR') return false;
  if (/no space left|quota exceeded/i.test(message)) return true;
  if (/read-only|permission denied|too many open files/i.test(message)) return false;
  return (freeBytes(path) ?? almostFullBytes) < almostFullBytes;
}

function errnoOf({ code, message }: Foreign): string {
  if (!code.startsWith('LEVEL_')) return code;
  if (/read-only file system/i.test(message)) return 'EROFS';
  if (/permission denied/i.test(message)) return 'EACCES';
  if (/too many open files/i.test(message)) return 'EMFILE';
  return code;
}

/** Bytes that may still be written on the volume of `path`; `undefined` when it cannot tell. */
export function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
