import type { Entry } from '../journal/entry.ts';
import type { EventType } from '../journal/event.ts';

/** An entry in short. */
export type Step = Pick<Entry, 'seq' | 'atMs'> & { readonly type: EventType };

/** The steps of many operations, of which each is known by its last: four numbers a step, outside of the heap. */
export class StepLog {
  readonly #pieces: Float64Array[] = [];
  readonly #types: EventType[] = [];
  #count = 0;

  /**
   * @param before - the step before it in its operation, or `noStep`
   * @returns what the step is known by
   */
  add({ seq, atMs, event }: Pick<Entry, 'seq' | 'atMs' | 'event'>, before: number): number {
    const step = this.#count;
    this.#count += 1;
    const from = (step % pieceSteps) * 4;
    if (from === 0) this.#pieces.push(new Float64Array(pieceSteps * 4));
    this.#pieces.at(-1)?.set([seq, atMs, this.#placeOf(event.type), before], from);
    return step;
  }

  /** The steps of an operation, in order. */
  upTo(last: number): readonly Step[] {
    const steps: Step[] = [];
    for (let step = last; step !== noStep;) {
      const from = (step % pieceSteps) * 4;
      const piece = this.#pieces[Math.floor(step / pieceSteps)];
      const [seq = 0, atMs = 0, place = 0, before = noStep] = piece?.subarray(from, from + 4) ?? [];
      const type = this.#types[place];
      if (type !== undefined) steps.push({ seq, atMs, type });
      step = before;
    }
    return steps.reverse();
  }

  #placeOf(type: EventType): number {
    const place = this.#types.indexOf(type);
    return place === -1 ? this.#types.push(type) - 1 : place;
  }
}

export const noStep = -1;

const pieceSteps = 8192;
