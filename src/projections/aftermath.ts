import { removalOf } from '../journal/event-removal.ts';
import type { EventOf } from '../journal/event.ts';
import type { Projection } from '../journal/projection.ts';

/** How later runs ended operations: one line of a run's story that it could not tell itself. */
export type Aftermath = {
  readonly op: string;
  readonly run: string;
  readonly seq: number;
  readonly atMs: number;
  readonly event: EventOf<
    | 'ItemRemoved'
    | 'ItemRestored'
    | 'ItemVanished'
    | 'ItemDrifted'
    | 'ItemFailed'
    | 'PurgeStarted'
    | 'UndoExpired'
  >;
};

/** What became of these operations. Feed it the entries after the run that began them. */
export function aftermath(operations: ReadonlySet<string>): Projection<Aftermath[]> {
  return {
    initial: () => [],
    apply: (found, { event, op, run = '', seq, atMs }) => {
      if (op === undefined) return found;
      const removal = removalOf(op);
      if (!operations.has(removal)) return found;
      // That an undo failed says nothing of the removal.
      if (removal !== op && event.type !== 'ItemRestored') return found;
      switch (event.type) {
        case 'ItemRemoved':
        case 'ItemRestored':
        case 'ItemVanished':
        case 'ItemDrifted':
        case 'ItemFailed':
        case 'PurgeStarted':
        case 'UndoExpired':
          found.push({ op: removal, run, seq, atMs, event });
          return found;
        default:
          return found;
      }
    },
  };
}
