import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Prodigy's own binary on `PATH`, or why there is none. */
export function findUpstream(
  searchPath: string = process.env['PATH'] ?? '',
): { readonly path: string } | { readonly absent: string } {
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, 'prodigy');
    if (directory === '' || !existsSync(path)) continue;
    // A copy of this program may stand there under that name.
    if (!realpathSync(path).endsWith('prodigy.cjs')) return { path };
  }
  return { absent: 'no prodigy on PATH but this one' };
}

/** A program on `PATH`, if there is one. */
export function find(name: string, searchPath: string = process.env['PATH'] ?? ''): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}
