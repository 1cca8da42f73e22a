import { existsSync, mkdirSync } from 'node:fs';
import type { Refuge } from '../../src/journal/refuge.ts';

/** One place to go to, whatever its volume. */
export function refugeAt(path: string): Refuge {
  return {
    existing: async () => (existsSync(path) ? [path] : []),
    make: async () => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    },
  };
}
