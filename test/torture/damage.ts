import { lstatSync, readFileSync } from 'node:fs';
import { lstat, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimes } from '../helpers/write-tree.ts';
import { meaningOf } from './meaning.ts';
import { mutate, type Mutant } from './mutants.ts';
import type { Random } from './random.ts';
import type { Bundle, Stored } from './stored.ts';

/** One file that was damaged. */
export type Wound = {
  readonly bundle: Bundle;
  readonly file: Stored;
  readonly mutant: string;
  /** `other`: understood, and says something else; `future`: understood, and not to be believed. */
  readonly meaning: 'same' | 'broken' | 'future' | 'other';
  /** Main paths of items that may be judged otherwise for it, with good reason. */
  readonly mayChange: readonly string[];
};

type Whole = { readonly bytes: Buffer; readonly mtimeMs: number; readonly directoryMs: number };

/** Damages one file of each bundle and makes it whole again; never its time, which would be a sign of life. */
export class Damage {
  readonly #bundles: readonly Bundle[];
  readonly #aside: string;
  readonly #whole = new Map<string, Whole>();
  #wounds: Wound[] = [];

  /** @param aside - outside the storage: what links lead to */
  constructor(bundles: readonly Bundle[], aside: string) {
    this.#bundles = bundles;
    this.#aside = aside;
    for (const { path } of bundles.flatMap(({ files }) => files)) {
      this.#whole.set(path, {
        bytes: readFileSync(path),
        mtimeMs: lstatSync(path).mtimeMs,
        directoryMs: lstatSync(dirname(path)).mtimeMs,
      });
    }
  }

  wounds(): readonly Wound[] {
    return this.#wounds;
  }

  async inflict(random: Random): Promise<readonly Wound[]> {
    await mkdir(this.#aside, { recursive: true });
    for (const bundle of this.#bundles) {
      const file = random.pick(bundle.files);
      const { bytes, mtimeMs, directoryMs } = this.#of(file);
      const mutant = this.#choose(file, bytes, random);
      this.#wounds.push(woundOf(bundle, file, bytes, mutant));
      await damageFile(file.path, bytes, mutant, this.#aside);
      await setTimes(file.path, mtimeMs);
      await setTimes(dirname(file.path), directoryMs);
    }
    return this.#wounds;
  }

  async heal(): Promise<void> {
    for (const { file } of this.#wounds) {
      const { bytes, mtimeMs, directoryMs } = this.#of(file);
      if (!(await lstat(file.path)).isFile()) await rm(file.path, { recursive: true });
      await writeFile(file.path, bytes);
      await setTimes(file.path, mtimeMs);
      await setTimes(dirname(file.path), directoryMs);
    }
    this.#wounds = [];
    await rm(this.#aside, { recursive: true, force: true });
  }

  /** What says something else is of little use here: its verdict is another one by right. */
  #choose(file: Stored, bytes: Buffer, random: Random): Mutant {
    const others = this.#bundles
      .flatMap(({ files }) => files)
      .filter(({ form, path }) => form === file.form && path !== file.path)
      .map((other) => this.#of(other).bytes);
    const origin = { form: file.form, bytes, others };
    let mutant = mutate(origin, random);
    for (let again = 0; again < 5 && meaningAfter(file, bytes, mutant) === 'other'; again += 1) {
      mutant = mutate(origin, random);
    }
    return mutant;
  }

  #of({ path }: Stored): Whole {
    const whole = this.#whole.get(path);
    if (whole === undefined) throw new Error(`never seen whole: ${path}`);
    return whole;
  }
}

/** @param aside - an existing directory */
export async function damageFile(
  path: string,
  bytes: Buffer,
  { become }: Mutant,
  aside: string,
): Promise<void> {
  switch (become.type) {
    case 'bytes':
      return writeFile(path, become.bytes);
    case 'sparse':
      return truncate(path, become.sizeBytes);
    case 'directory':
      await rm(path);
      await mkdir(path);
      return;
    case 'link': {
      const target = join(aside, basename(path));
      await writeFile(target, bytes);
      await rm(path);
      return symlink(target, path);
    }
  }
}

function woundOf(bundle: Bundle, file: Stored, bytes: Buffer, mutant: Mutant): Wound {
  const meaning = meaningAfter(file, bytes, mutant);
  // A log that no longer tells whose it is has its own age and nobody's protection.
  const lost = file.form === 'log' && meaning !== 'same' ? [file.path] : [];
  return { bundle, file, mutant: mutant.name, meaning, mayChange: meaning === 'other' ? bundle.items : lost };
}

/** What a damaged file says, compared with what it said. */
export function meaningAfter(
  { form, path }: Pick<Stored, 'form' | 'path'>,
  bytes: Buffer,
  mutant: Mutant,
): Wound['meaning'] {
  if (mutant.broken === true || mutant.become.type !== 'bytes') return 'broken';
  const after = meaningOf(form, path, mutant.become.bytes);
  if (after === undefined) return 'broken';
  if (after === meaningOf(form, path, bytes)) return 'same';
  return mutant.name === 'from the future' ? 'future' : 'other';
}
