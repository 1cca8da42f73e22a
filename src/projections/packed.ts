import { invariant } from '../model/invariant.ts';

/**
 * Values that are seldom looked at, and then one at a time: kept as their JSON outside of the heap, which takes the
 * garbage collector no time, and a fifth of the memory. Plain JSON only.
 */
export class Packed<Value> {
  readonly #pieces: Uint8Array[] = [];
  #used = pieceBytes;

  /** @returns where it is kept */
  add(value: Value): number {
    const bytes = encoder.encode(`${JSON.stringify(value)}\n`);
    let piece = this.#pieces.at(-1);
    if (piece === undefined || this.#used + bytes.length > pieceBytes) {
      // A longer one has a piece of its own.
      piece = new Uint8Array(Math.max(pieceBytes, bytes.length));
      this.#pieces.push(piece);
      this.#used = 0;
    }
    piece.set(bytes, this.#used);
    const at = (this.#pieces.length - 1) * pieceBytes + this.#used;
    this.#used += bytes.length;
    return at;
  }

  /** @param at - what {@link add} had answered */
  get(at: number): Value {
    const piece = this.#pieces[Math.floor(at / pieceBytes)];
    invariant(piece !== undefined, `nothing is packed at ${at}`);
    const from = at % pieceBytes;
    return JSON.parse(decoder.decode(piece.subarray(from, piece.indexOf(newline, from)))) as Value;
  }
}

const pieceBytes = 1024 * 1024;
const newline = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
