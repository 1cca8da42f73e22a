import fs from 'node:fs';
import type { Dirent } from 'node:fs';
import { isDoubtful, toName } from './name.ts';
import type { Name } from './name.ts';

/** The names of one directory, or the next part of them. */
export type Listing = { readonly directories: readonly Name[]; readonly others: readonly Name[] };

/** A directory file larger than this is read in parts: its names would fill the memory. */
const largeDirectoryBytes = 2 * 1024 * 1024;
const partEntries = 16_384;

function sorted(entries: readonly (readonly [Name, Dirent<Name>])[]): Listing {
  const directories: Name[] = [];
  const others: Name[] = [];
  for (const [name, entry] of entries) (entry.isDirectory() ? directories : others).push(name);
  return { directories, others };
}

const readText = (path: Name): Promise<Dirent[]> =>
  new Promise((resolve, reject) => {
    fs.readdir(path, { withFileTypes: true }, (cause, entries) => {
      if (cause === null) resolve(entries);
      else reject(cause);
    });
  });

const readBytes = (path: Name): Promise<Dirent<Buffer>[]> =>
  new Promise((resolve, reject) => {
    fs.readdir(path, { withFileTypes: true, encoding: 'buffer' }, (cause, entries) => {
      if (cause === null) resolve(entries);
      else reject(cause);
    });
  });

async function* inParts(path: string): AsyncGenerator<Listing> {
  // Names as bytes at once: a part cannot be read again.
  const options = { bufferSize: 512, encoding: 'buffer' as BufferEncoding };
  const directory = await fs.promises.opendir(path, options);
  let part: (readonly [Name, Dirent<Name>])[] = [];
  for await (const entry of directory) {
    part.push([toName(entry.name as unknown as Buffer), entry]);
    if (part.length < partEntries) continue;
    yield sorted(part);
    part = [];
  }
  yield sorted(part);
}

/**
 * What a directory holds, in one part unless it is very large. What is removed between two parts is not missed.
 *
 * @param sizeBytes - of the directory file, as `stat` says
 */
export async function* list(path: Name, sizeBytes: number): AsyncGenerator<Listing> {
  if (sizeBytes > largeDirectoryBytes && typeof path === 'string') {
    yield* inParts(path);
    return;
  }
  const entries = await readText(path);
  if (!entries.some(({ name }) => isDoubtful(name))) {
    yield sorted(entries.map((entry) => [entry.name, entry]));
    return;
  }
  yield sorted((await readBytes(path)).map((entry) => [toName(entry.name), entry]));
}
