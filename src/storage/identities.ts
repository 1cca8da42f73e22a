import type { FileType, Identity } from '../model/item.ts';

/** So many are kept together. */
export const perBlock = 1024;

/** Identities as numbers: as text each takes as much as the rest of what was seen. */
export class Identities {
  readonly #ino = new BigInt64Array(perBlock);
  readonly #mtimeNs = new BigInt64Array(perBlock);
  readonly #birthtimeNs = new BigInt64Array(perBlock);
  readonly #size = new Float64Array(perBlock);

  /** @returns `false` for what would not come out as it went in */
  set(at: number, { ino, mtimeNs, birthtimeNs, size }: Identity): boolean {
    this.#size[at] = size;
    return (
      isKept(this.#ino, at, ino) &&
      isKept(this.#mtimeNs, at, mtimeNs) &&
      isKept(this.#birthtimeNs, at, birthtimeNs)
    );
  }

  get(at: number, dev: string, type: FileType): Identity {
    return {
      dev,
      ino: String(this.#ino[at]),
      type,
      mtimeNs: String(this.#mtimeNs[at]),
      birthtimeNs: String(this.#birthtimeNs[at]),
      size: this.#size[at] ?? 0,
    };
  }
}

function isKept(numbers: BigInt64Array, at: number, text: string): boolean {
  if (!/^-?\d{1,20}$/u.test(text)) return false;
  numbers[at] = BigInt(text);
  return String(numbers[at]) === text;
}
