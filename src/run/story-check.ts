import type { Entry } from '../journal/entry.ts';
import {
  concernsOperation,
  evolveOperation,
  type IllegalTransition,
  type OperationState,
} from './operation.ts';

/** An entry that cannot be, after what was journalled of its operation before. */
export type ImpossibleEntry = { readonly seq: number; readonly op: string } & IllegalTransition;

/**
 * Follows every operation through the entries of a journal, from the first on, and answers with what is impossible. Of
 * operations that have ended only the ids are remembered.
 */
export function storyCheck(): (entry: Entry) => readonly ImpossibleEntry[] {
  const open = new Map<string, OperationState>();
  const ended = new Set<string>();
  return ({ seq, op, event }) => {
    if (op === undefined || !concernsOperation(event)) return [];
    const from = ended.has(op) ? 'ended' : (open.get(op) ?? 'none');
    const next = evolveOperation(from, event);
    if (next.isErr()) return [{ ...next.error, seq, op }];
    if (next.value === 'ended') {
      open.delete(op);
      ended.add(op);
    } else {
      // The text that it is known by stays the first one, which others have, too.
      open.set(op, next.value);
    }
    return [];
  };
}
