import { lstatSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { runLockPath, takeRunLock } from '../../src/storage/run-lock.ts';
import { setTimes } from '../helpers/write-tree.ts';
import { damageFile, meaningAfter } from './damage.ts';
import { mutate } from './mutants.ts';
import type { Random } from './random.ts';
import type { Violation } from './suite.ts';

/** The lock of a run that is alive, damaged in `times` ways: nobody may take its place. */
export async function damageRunLocks(
  directory: string,
  random: Random,
  times: number,
): Promise<readonly Violation[]> {
  const found = await Promise.all(
    Array.from({ length: times }, (_, index) => damaged(join(directory, String(index)), random)),
  );
  return found.flat();
}

async function damaged(root: string, random: Random): Promise<readonly Violation[]> {
  const aside = join(root, 'aside');
  await mkdir(join(root, 'clean'), { recursive: true });
  await mkdir(aside);
  const who = {
    host: hostname(),
    command: 'prodigy clean --all',
    nowIso: new Date().toISOString(),
    refugesOf: () => Promise.resolve([]),
  };
  (await takeRunLock([root], who))._unsafeUnwrap();
  const path = runLockPath(root);
  const bytes = readFileSync(path);
  const mutant = mutate({ form: 'run-lock', bytes, others: [] }, random);
  const meaning = meaningAfter({ form: 'run-lock', path }, bytes, mutant);
  await damageFile(path, bytes, mutant, aside);
  // A day old: who is alive is not told by that.
  await setTimes(path, Date.now() - 86_400_000);
  // Empty for so long, it was left by somebody who was killed before he had written it.
  const isAbandoned = lstatSync(path).isFile() && lstatSync(path).size === 0;
  const taken = await takeRunLock([root], who);
  if (taken.isErr() || meaning === 'other' || isAbandoned) return [];
  return [{ rule: 'P11', detail: `the lock of a run that lives was taken after ${mutant.name}` }];
}
