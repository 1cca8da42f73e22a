import { open } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import { gitComplaint } from './git-complaint.ts';
import { runGit, runGitBytes } from './git.ts';

/** A blob and how many bytes it has. */
export type Blob = { readonly object: string; readonly bytes: number };

/** So many bytes of small blobs are in memory at once; what is larger goes straight into its file. */
const maxBytesAtOnce = 8 * 1024 * 1024;
const maxObjectsAtOnce = 200;
const unreadable = 'its snapshot cannot be read';

/** What each of these blobs is, in the order asked for. Fails when one is not there. */
export async function sizesOf(
  gitDir: string,
  objects: readonly string[],
): Promise<Result<readonly Blob[], string>> {
  if (objects.length === 0) return ok([]);
  const input = `${objects.join('\n')}\n`;
  const asked = await runGit(['cat-file', '--batch-check'], { gitDir, input });
  if (asked.isErr()) return err(`${unreadable}: ${gitComplaint(asked.error)}`);
  const lines = asked.value.trimEnd().split('\n');
  const blobs: Blob[] = [];
  for (const [index, object] of objects.entries()) {
    const [, name, size] = /^(\S+) blob (\d+)$/.exec(lines[index] ?? '') ?? [];
    if (name !== object || size === undefined) return err('its snapshot is not whole');
    blobs.push({ object, bytes: Number(size) });
  }
  return ok(blobs);
}

/** Blobs in lots that are read at once: a large one is a lot of its own. */
export function lotsOf<T extends Blob>(blobs: readonly T[]): readonly (readonly T[])[] {
  const lots: T[][] = [];
  let bytes = 0;
  for (const blob of blobs) {
    const last = lots.at(-1);
    bytes += blob.bytes;
    if (last === undefined || bytes > maxBytesAtOnce || last.length >= maxObjectsAtOnce) {
      lots.push([blob]);
      bytes = blob.bytes;
    } else last.push(blob);
  }
  return lots;
}

export function isLarge({ bytes }: Blob): boolean {
  return bytes > maxBytesAtOnce;
}

/** The bytes of a lot of small blobs, in its order: no string could hold those of all. */
export async function bytesOf(
  gitDir: string,
  lot: readonly Blob[],
): Promise<Result<readonly Buffer[], string>> {
  const input = `${lot.map(({ object }) => object).join('\n')}\n`;
  const asked = await runGitBytes(['cat-file', '--batch'], { gitDir, input });
  if (asked.isErr()) return err(`${unreadable}: ${gitComplaint(asked.error)}`);
  const found: Buffer[] = [];
  let at = 0;
  for (const { object, bytes } of lot) {
    const head = `${object} blob ${bytes}\n`;
    const from = at + head.length;
    if (asked.value.toString('latin1', at, from) !== head) return err('its snapshot is not whole');
    found.push(asked.value.subarray(from, from + bytes));
    at = from + bytes + 1;
  }
  return ok(found);
}

/** Has git write a blob into the new file `path`, past our memory. */
export async function writeBlob(
  gitDir: string,
  { object, bytes }: Blob,
  path: string,
): Promise<Result<void, string>> {
  const file = await open(path, 'wx');
  try {
    const written = await runGitBytes(['cat-file', 'blob', object], { gitDir, stdout: file.fd });
    if (written.isErr()) return err(`${unreadable}: ${gitComplaint(written.error)}`);
    return (await file.stat()).size === bytes ? ok(undefined) : err('its snapshot is not whole');
  } finally {
    await file.close();
  }
}
