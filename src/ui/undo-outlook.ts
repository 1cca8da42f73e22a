import { formatBytes, formatCount } from './format.ts';

/** What is to be removed, as far as undo is concerned. */
export type UndoOutlook = {
  readonly worktrees: number;
  /** Bytes of each of the others: what is held for undo is held whole. */
  readonly others: readonly number[];
  /** Branches that go with their worktrees. */
  readonly branches: number;
  readonly isUndoable: boolean;
  /** Held at most, all together; and for how long. */
  readonly undoBytes: number;
  readonly undoMs: number;
  /** The disk is too full to hold anything. */
  readonly isShortOfSpace: boolean;
};

/** What the question says of the way back: what is freed at once, what can be put back, and what cannot (DESIGN 8). */
export function undoOutlookText(outlook: UndoOutlook): string {
  const { worktrees, branches } = outlook;
  const parts: string[] = [];
  if (worktrees > 0) {
    const [is, it] = worktrees === 1 ? ['The worktree is', 'it'] : ['Worktrees are', 'them'];
    const stay =
      branches === 0
        ? 'the branches stay'
        : `${formatCount(branches, 'branch', 'branches')} with ${it}, the others stay`;
    parts.push(`${is} freed at once, ${stay}.`);
  }
  return [...parts, wayBackText(outlook)].join(' ');
}

/** The part of it that a dry run shows, too. */
export function wayBackText({
  worktrees,
  others,
  isUndoable,
  undoBytes,
  undoMs,
  isShortOfSpace,
}: Omit<UndoOutlook, 'branches'>): string {
  const items = worktrees + others.length;
  const all = items === 1 ? 'It' : 'All of it';
  if (!isUndoable) return `${all} cannot be undone (--no-undo).`;
  const lasts = `for ${formatCount(Math.round(undoMs / dayMs), 'day')}`;
  const lost = isShortOfSpace ? others : others.filter((bytes) => bytes > undoBytes);
  const held = isShortOfSpace ? 0 : sumOf(others) - sumOf(lost);
  const why = isShortOfSpace ? 'the disk is too full' : 'too large to be held';
  const parts: string[] = [];
  if (lost.length === items) parts.push(`${all} cannot be undone: ${why}.`);
  else if (lost.length > 0) {
    parts.push(`${formatCount(lost.length, 'item')} (${formatBytes(sumOf(lost))}) cannot be undone: ${why}.`);
    if (held <= undoBytes) parts.push(`The rest can be put back ${lasts}.`);
  } else if (held <= undoBytes) parts.push(`${all} can be put back ${lasts}.`);
  if (held > undoBytes) {
    parts.push(
      `Of ${formatBytes(held)} only ${formatBytes(undoBytes)} are held to be put back ${lasts}: what went first cannot be undone.`,
    );
  }
  return parts.join(' ');
}

const dayMs = 24 * 60 * 60 * 1000;

function sumOf(bytes: readonly number[]): number {
  return bytes.reduce((sum, one) => sum + one, 0);
}
