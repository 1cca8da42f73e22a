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

/** What makes an item of its kind safe to lose, once nothing protects it and it is old enough. */
export function proveItem(item: Item, options: ProofOptions): ItemProof {
  const { detail } = item;
  switch (detail.type) {
    case 'worktree':
      return proveWorktree(detail.facts, options);
    case 'session':
      return detail.record ? proven(restProof(item)) : proven('orphan');
    case 'state':
      if (!detail.complete)
        return { ok: false, reason: 'resumable', evidence: { state: 'not known to be complete' } };
      return proven('complete');
    case 'dlq':
      return proven(restProof(item), { letters: detail.letters });
    case 'events':
      return proven(restProof(item));
    case 'log':
      return proven('expired-log');
  }
}

function restProof({ rest }: Item): RemovalProof {
  return rest.type === 'no-record' ? 'orphan' : 'finished';
}

function proven(proof: RemovalProof, evidence: Evidence = {}): ItemProof {
  return { ok: true, proof, evidence };
}
