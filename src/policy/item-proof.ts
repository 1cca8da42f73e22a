import type { SpentBranch } from '../model/branch.ts';
import type { Item } from '../model/item.ts';
import type { Evidence, KeepReason, RemovalProof } from '../model/reason.ts';
import { proveWorktree, type ProofOptions } from './proof.ts';

export type ItemProof =
  | {
      readonly ok: true;
      readonly proof: RemovalProof;
      readonly evidence: Evidence;
      readonly deletes?: readonly SpentBranch[];
    }
  | { readonly ok: false; readonly reason: KeepReason; readonly evidence: Evidence };

/**
 * What makes an item of its kind safe to lose, once nothing protects it and it is old enough.
 *
 * @param isAbandoned - its owner said that nobody will resume it
 */
export function proveItem(item: Item, options: ProofOptions, isAbandoned = false): ItemProof {
  const { detail } = item;
  switch (detail.type) {
    case 'worktree':
      return proveWorktree(detail.facts, options);
    case 'session':
      return detail.record ? proven(restProof(item, isAbandoned)) : proven('orphan');
    case 'state':
      if (detail.complete) return proven('complete');
      if (isAbandoned) return proven('abandoned', { state: 'not known to be complete' });
      return { ok: false, reason: 'resumable', evidence: { state: 'not known to be complete' } };
    case 'dlq':
      return proven(restProof(item, isAbandoned), { letters: detail.letters });
    case 'events':
      return proven(restProof(item, isAbandoned));
    case 'log':
      return proven('expired-log');
  }
}

function restProof({ rest }: Item, isAbandoned: boolean): RemovalProof {
  if (isAbandoned && rest.type === 'unfinished') return 'abandoned';
  return rest.type === 'no-record' ? 'orphan' : 'finished';
}

function proven(proof: RemovalProof, evidence: Evidence = {}): ItemProof {
  return { ok: true, proof, evidence };
}
