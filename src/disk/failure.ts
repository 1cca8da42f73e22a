import type { DiskFailure } from '../model/failure.ts';

/** What node throws for a failed system call. */
type ErrnoError = Error & { readonly code: string; readonly syscall?: string };

function isErrnoError(cause: unknown): cause is ErrnoError {
  return cause instanceof Error && typeof (cause as { code?: unknown }).code === 'string';
}

/**
 * The one place where node's errors become ours. What is not the answer of a system call is a defect, and thrown on.
 *
 * @param path - what was asked for; the error's own path may be one of `/proc/self/fd`
 */
export function toDiskFailure(cause: unknown, path: string, syscall?: string): DiskFailure {
  if (!isErrnoError(cause)) throw cause;
  return { type: 'disk', code: cause.code, syscall: syscall ?? cause.syscall ?? 'unknown', path };
}

/** The errno name of `cause` (`ENOENT`); `undefined` for anything else. */
export function errnoOf(cause: unknown): string | undefined {
  return isErrnoError(cause) ? cause.code : undefined;
}
