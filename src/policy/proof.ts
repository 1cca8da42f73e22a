import type { SpentBranch } from '../model/branch.ts';
import type { Evidence, KeepReason, RemovalProof } from '../model/reason.ts';
import type { Landed, WorktreeFacts } from '../model/worktree.ts';

export type ProofOptions = {
  readonly mergedOnly: boolean;
  /** Its owner named it and wants it gone with the work in it: that is kept in a snapshot. */
  readonly insisted?: boolean;
  readonly deleteMergedBranches?: boolean;
};

export type WorktreeProof =
  | {
      readonly ok: true;
      readonly proof: RemovalProof;
      readonly evidence: Evidence;
      /** Branches that go, too, because that was asked for. */
      readonly deletes?: readonly SpentBranch[];
    }
  | { readonly ok: false; readonly reason: KeepReason; readonly evidence: Evidence };

/**
 * Whether nothing is lost when the worktree goes (DESIGN 5.5). The evidence names every check, passed or not.
 * What could not be observed is not proven.
 */
export function proveWorktree(facts: WorktreeFacts, options: ProofOptions): WorktreeProof {
  const reason = objection(facts, options);
  if (reason !== undefined) return { ok: false, reason, evidence: evidenceOf(facts, []) };
  const deletes = options.deleteMergedBranches === true ? facts.spentBranches : [];
  const evidence = evidenceOf(facts, deletes);
  const proof = options.insisted === true && hasWork(facts) ? 'snapshot' : proofOf(facts);
  return { ok: true, proof, evidence, ...(deletes.length === 0 ? {} : { deletes }) };
}

function proofOf({ mergedInto, landed }: WorktreeFacts): RemovalProof {
  if (mergedInto !== undefined) return 'merged';
  switch (landed?.how) {
    case undefined:
      return 'branch-kept';
    case 'squash':
      return 'landed-by-squash';
    case 'rebase':
      return 'landed-by-rebase';
    case 'cherry-pick':
      return 'landed-by-cherry-pick';
    case 'contained':
    case 'no-change':
      return 'landed';
  }
}

/** The first check that fails. What somebody did comes before what we could not find out: it tells more. */
function objection(facts: WorktreeFacts, { mergedOnly, insisted }: ProofOptions): KeepReason | undefined {
  const { changes, unreachable } = facts;
  if (facts.locked !== undefined) return 'locked';
  if (facts.operation !== undefined) return 'operation-in-progress';
  if (changes !== undefined && insisted !== true) {
    if (!isNone(changes.uncommitted)) return 'dirty';
    if (!isNone(changes.untracked)) return 'untracked';
    if (changes.precious.length > 0) return 'precious';
  }
  if (unreachable !== undefined && !isNone(unreachable.count)) return 'unreachable-commits';

  const [doubt] = facts.doubts;
  if (doubt !== undefined) return doubt.reason;
  if (changes === undefined || unreachable === undefined || !facts.head) return 'unreadable';
  if (!facts.mainGitDir || !facts.adminDir) return 'unknown-format';
  // Clean, and all that it has on its remote's branches as it saw them last: nothing proves that it is anywhere else, and
  // git, which makes the worktree again, knows nothing of it.
  if (facts.nested.length > 0) return 'nested-repository';
  if (mergedOnly && facts.mergedInto === undefined && facts.landed === undefined) return 'unmerged';
  return undefined;
}

function hasWork({ changes }: WorktreeFacts): boolean {
  return (
    changes !== undefined &&
    !(isNone(changes.uncommitted) && isNone(changes.untracked) && changes.precious.length === 0)
  );
}

/** A count that is no number is not none. */
function isNone(count: number): boolean {
  return count === 0;
}

function evidenceOf(facts: WorktreeFacts, deletes: readonly SpentBranch[]): Evidence {
  const [doubt] = facts.doubts;
  return {
    head: facts.head ?? 'not known',
    branch: facts.branch === undefined ? 'detached' : shortRef(facts.branch),
    commits: commitsOf(facts),
    ...(facts.mergedInto === undefined
      ? { unmerged: whatKeeps(facts, deletes) }
      : { merged: shortRef(facts.mergedInto) }),
    ...(facts.landed === undefined ? {} : { landed: landedText(facts.landed) }),
    ...(deletes.length === 0 ? {} : { deletes: deletes.map(branchText).join(', ') }),
    changes: changesOf(facts),
    precious: facts.changes === undefined ? 'not known' : listOf(facts.changes.precious),
    operation: facts.operation ?? 'none',
    // Not the reason: it is whatever somebody wrote into a file.
    locked: facts.locked !== undefined,
    nested: listOf(facts.nested.map((path) => nestedText(path, facts))),
    ...(facts.mainGitDir === undefined || facts.adminDir === undefined ? { repository: 'not known' } : {}),
    ...(doubt === undefined ? {} : { doubt: doubt.detail }),
    ...(doubt?.path === undefined ? {} : { path: doubt.path }),
  };
}

function commitsOf({ unreachable }: WorktreeFacts): string {
  if (unreachable === undefined) return 'not known';
  if (isNone(unreachable.count)) return 'reachable';
  const example = unreachable.example === undefined ? '' : `, one is ${unreachable.example}`;
  return `${unreachable.count} that no surviving ref reaches${example}`;
}

function whatKeeps({ branch, head }: WorktreeFacts, deletes: readonly SpentBranch[]): string {
  const at = head === undefined ? 'an unknown commit' : head.slice(0, 7);
  if (branch === undefined) return `detached at ${at}`;
  const kept = deletes.some(({ ref }) => ref === branch) ? '' : 'kept ';
  return `branch ${shortRef(branch)} ${kept}at ${at}`;
}

function landedText({ how, into, commit }: Landed): string {
  const target = shortRef(into);
  const at = commit === undefined ? '' : ` as ${commit.slice(0, 7)}`;
  switch (how) {
    case 'contained':
      return `in ${target}, a merge would add nothing`;
    case 'no-change':
      return `nothing to land in ${target}, its commits cancel each other out`;
    case 'squash':
    case 'rebase':
    case 'cherry-pick':
      return `in ${target} by ${how}${at}`;
  }
}

function branchText({ ref, commit, into }: SpentBranch): string {
  return `branch ${shortRef(ref)} at ${commit.slice(0, 7)}, its content is in ${shortRef(into)}`;
}

function changesOf({ changes }: WorktreeFacts): string {
  if (changes === undefined) return 'not known';
  const counts = [
    ...(isNone(changes.uncommitted) ? [] : [`${changes.uncommitted} uncommitted`]),
    ...(isNone(changes.untracked) ? [] : [`${changes.untracked} untracked`]),
  ];
  return counts.length === 0 ? 'none' : counts.join(', ');
}

function nestedText(path: string, { submodules }: WorktreeFacts): string {
  return submodules.includes(path) ? `submodule ${path}` : `repository ${path}`;
}

/** A line of the plan has room for a name, not for a path of a thousand directories. */
const longestName = 100;

export function shortened(name: string): string {
  if (name.length <= longestName) return name;
  const letters = Array.from(name);
  const half = Math.floor(longestName / 2) - 1;
  return letters.length <= longestName
    ? name
    : `${letters.slice(0, half).join('')}…${letters.slice(-half).join('')}`;
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, 3).map(shortened).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function shortRef(ref: string): string {
  return ref.replace(/^refs\/(?:heads|remotes)\//, '');
}
