/** What is seen of one part of an interrupted operation. `same` and `other` compare with the intent's identity. */
export type SeenPart = {
  readonly original: 'absent' | 'same' | 'other';
  /** In quarantine only the object counts (device, inode, type): a half-freed tree has other times. */
  readonly quarantine: 'absent' | 'same' | 'other';
};

/** What the journal last said of the operation. */
export type LastSaid = 'intended' | 'quarantined' | 'purging' | 'blocked';

export type NextStep =
  /** Nothing was moved: judge it again, then move it, or let it drift. */
  | { readonly type: 'decide-again' }
  /**
   * Only some parts were moved: put them back, and then judge the item again as one thing, or, when another part is
   * not what was judged any more, let it drift.
   */
  | {
      readonly type: 'put-back';
      readonly parts: readonly number[];
      readonly next: 'decide-again' | 'record-drifted';
    }
  /** All is moved: make it durable and say so. */
  | { readonly type: 'record-quarantined' }
  /** It is not what was judged, and was never touched. */
  | { readonly type: 'record-drifted' }
  /** Somebody else removed it. */
  | { readonly type: 'record-vanished' }
  /** The journal says moved, the disk says not: a power cut undid the rename. */
  | { readonly type: 'redo-rename'; readonly parts: readonly number[] }
  /** In quarantine: free its bytes, or wait while it is held for undo. */
  | { readonly type: 'purge' }
  /** Nothing is left: say so. */
  | { readonly type: 'record-removed' }
  /** Something that is not ours lies where the item should be in quarantine: touch nothing. */
  | { readonly type: 'report-foreign'; readonly parts: readonly number[] };

type PartState = 'moved' | 'unmoved' | 'changed' | 'gone' | 'foreign';

function stateOf({ original, quarantine }: SeenPart): PartState {
  if (quarantine === 'other') return 'foreign';
  // A re-created original is a newcomer: it is not looked at any further, and never touched.
  if (quarantine === 'same') return 'moved';
  if (original === 'same') return 'unmoved';
  return original === 'other' ? 'changed' : 'gone';
}

/**
 * The crash-point table of JOURNAL 3.4: what an interrupted operation needs next, from what the journal last said
 * and what the disk shows. Quarantine is looked at first; protection is asked only of what has not moved.
 *
 * @param parts - in the order of moving
 * @param main - index of the part that is the item
 */
export function reconcile(said: LastSaid, parts: readonly SeenPart[], main: number): NextStep {
  const states = parts.map(stateOf);
  const where = (wanted: PartState): number[] =>
    states.flatMap((state, index) => (state === wanted ? [index] : []));
  const [moved, unmoved, changed, foreign] = [
    where('moved'),
    where('unmoved'),
    where('changed'),
    where('foreign'),
  ];
  if (foreign.length > 0) return { type: 'report-foreign', parts: foreign };

  if (said !== 'intended') {
    if (unmoved.length > 0 && said === 'quarantined') return { type: 'redo-rename', parts: unmoved };
    return moved.length > 0 ? { type: 'purge' } : { type: 'record-removed' };
  }

  if (moved.length === 0) {
    if (unmoved.length === 0 && changed.length === 0) return { type: 'record-vanished' };
    const intact = changed.length === 0 && states[main] === 'unmoved';
    return intact ? { type: 'decide-again' } : { type: 'record-drifted' };
  }
  if (changed.length > 0) return { type: 'put-back', parts: moved, next: 'record-drifted' };
  if (unmoved.length > 0) return { type: 'put-back', parts: moved, next: 'decide-again' };
  return { type: 'record-quarantined' };
}
