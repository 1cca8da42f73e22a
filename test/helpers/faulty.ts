import { join } from 'node:path';
import { repositoryTop, type RunOptions } from './run-prodigy.ts';

/** Options with which the program runs into a fault of `preload.cjs`. */
export function faulty(env: Readonly<Record<string, string>>): RunOptions {
  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  return { env: { ...env, NODE_OPTIONS: `--require=${preload}` } };
}
