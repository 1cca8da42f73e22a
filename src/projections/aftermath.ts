import type { Entry } from '../journal/entry.ts';
import { removalOf } from '../journal/event-removal.ts';
import type { Projection } from '../journal/projection.ts';
import { follow, type Course } from './course.ts';
import { include, noStretches, type Stretches } from './stretches.ts';

type Operations<Operation> = Pick<ReadonlyMap<string, Operation>, 'get'>;

/** How a later run ended an operation, or began to: a line of a run's story that it could not tell itself. */
export function isAftermath(entry: Entry, operations: Operations<unknown>): boolean {
  return operationIn(entry, operations) !== undefined;
}

/** What became of these operations, and where that stands. Feed it the entries after the run that began them. */
export function aftermath(operations: Operations<Course>): Projection<Stretches> {
  return {
    initial: noStretches,
    apply: (found, entry) => {
      const operation = operationIn(entry, operations);
      if (operation === undefined) return found;
      follow(operation, entry);
      include(found, entry.seq);
      return found;
    },
  };
}

function operationIn<Operation>(
  { event, op }: Entry,
  operations: Operations<Operation>,
): Operation | undefined {
  if (op === undefined) return undefined;
  switch (event.type) {
    case 'ItemRestored':
      return operations.get(removalOf(op));
    case 'ItemRemoved':
    case 'ItemVanished':
    case 'ItemDrifted':
    case 'ItemFailed':
    case 'PurgeStarted':
    case 'UndoExpired':
      // That an undo failed says nothing of the removal.
      return removalOf(op) === op ? operations.get(op) : undefined;
    default:
      return undefined;
  }
}
