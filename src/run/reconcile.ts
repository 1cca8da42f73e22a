/** What is seen of one part of an interrupted operation, compared with the intent's identity. */
export type SeenPart = {
  /** `changed`: the same object with other content; `unknown`: it could not be looked at. */
  readonly original: 'absent' | 'same' | 'changed' | 'other' | 'unknown';
  /** In quarantine only the object counts (inode, type, birth): a half-freed tree has other times. */
  readonly quarantine: 'absent' | 'same' | 'other' | 'unknown';
};

/** What the journal last said of the operation. */
export type LastSaid = 'intended' | 'quarantined' | 'purging' | 'blocked';

export type NextStep =
  /** Nothing was moved: judge it again, then move it, or let it drift. */
  | { readonly type: 'decide-again' }
  /**
   * Only some parts are in quarantine: put them back. Then judge the item again as one thing; or let it drift, when
   * another part is not what was judged any more; or call it restored, when it had been whole in quarantine before.
   */
  | {
      readonly type: 'put-back';
      readonly parts: readonly number[];
      readonly next: 'decide-again' | 'record-drifted' | 'record-restored';
    }
  /** All is moved: make it durable and say so. */
  | { readonly type: 'record-quarantined' }
  /** It is not what was judged, and was never touched. */
  | { readonly type: 'record-drifted' }
  /** Somebody else removed it. */
  | { readonly type: 'record-vanished' }
  /**
   * The journal says moved, the disk shows it in its place: a power cut undid the rename, or somebody put it back. It
   * is never moved again without a new judgement.
   */
  | { readonly type: 'record-restored' }
  /** In quarantine: free its bytes, or wait while it is held for undo. */
  | { readonly type: 'purge' }
  /** Nothing is left: say so. */
  | { readonly type: 'record-removed' }
  /** Something that is not ours lies where the item should be in quarantine: touch nothing. */
  | { readonly type: 'report-foreign'; readonly parts: readonly number[] }
  /** It cannot be looked at now: touch nothing, and try again in the next run. */
  | { readonly type: 'report-unknown'; readonly parts: readonly number[] };

type PartState = 'moved' | 'unmoved' | 'changed' | 'replaced' | 'gone' | 'foreign' | 'unknown';

function stateOf({ original, quarantine }: SeenPart): PartState {
  if (quarantine === 'unknown') return 'unknown';
  if (quarantine === 'other') return 'foreign';
  // A re-created original is a newcomer: it is not looked at any further, and never touched.
  if (quarantine === 'same') return 'moved';
  switch (original) {
    case 'same':
      return 'unmoved';
    case 'changed':
      return 'changed';
    case 'other':
      return 'replaced';
    case 'absent':
      return 'gone';
    case 'unknown':
      return 'unknown';
  }
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
  const where = (...wanted: PartState[]): number[] =>
    states.flatMap((state, index) => (wanted.includes(state) ? [index] : []));
  const [moved, foreign, unknown] = [where('moved'), where('foreign'), where('unknown')];
  if (foreign.length > 0) return { type: 'report-foreign', parts: foreign };
  if (unknown.length > 0) return { type: 'report-unknown', parts: unknown };

  if (said !== 'intended') {
    const back = where('unmoved', 'changed');
    if (back.length === 0) return moved.length > 0 ? { type: 'purge' } : { type: 'record-removed' };
    if (moved.length === 0) return { type: 'record-restored' };
    // What is being freed cannot be made whole again.
    return said === 'quarantined'
      ? { type: 'put-back', parts: moved, next: 'record-restored' }
      : { type: 'purge' };
  }

  const altered = where('changed', 'replaced');
  const unmoved = where('unmoved');
  if (moved.length === 0) {
    if (unmoved.length === 0 && altered.length === 0) return { type: 'record-vanished' };
    const isIntact = altered.length === 0 && states[main] === 'unmoved';
    return isIntact ? { type: 'decide-again' } : { type: 'record-drifted' };
  }
  if (altered.length > 0) return { type: 'put-back', parts: moved, next: 'record-drifted' };
  if (unmoved.length > 0) return { type: 'put-back', parts: moved, next: 'decide-again' };
  return { type: 'record-quarantined' };
}
