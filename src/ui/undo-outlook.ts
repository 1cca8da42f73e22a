import { obstacleKey, obstacleWords } from '../model/obstacle.ts';
import { formatBytes, formatCount, printable } from './format.ts';
import type { ItemView } from './view.ts';

/** Items that cannot be undone for one reason. */
export type Barred = {
  readonly why: string;
  readonly items: number;
  readonly bytes: number;
  /** Of the items. */
  readonly worktrees: number;
};

/** What is to be removed, as far as undo is concerned. */
export type UndoOutlook = {
  /** All that go. */
  readonly worktrees: number;
  /** Bytes of each of the others that nothing stands in the way of: what is held for undo is held whole. */
  readonly others: readonly number[];
  /** What cannot be held or made again where it is. */
  readonly barred: readonly Barred[];
  /** Branches that go with their worktrees. */
  readonly branches: number;
  readonly isUndoable: boolean;
  /** Held at most, all together; and for how long. */
  readonly undoBytes: number;
  readonly undoMs: number;
  /** The disk is too full to hold anything. */
  readonly isShortOfSpace: boolean;
};

/** What git cannot give back of a worktree: said wherever it is said that worktrees come back. */
export const notFromGit = 'but not what it ignores (node_modules, say), nor empty directories';

/** What undo asks of the items that go. */
export function outlookOf(going: readonly ItemView[]): Pick<UndoOutlook, 'worktrees' | 'others' | 'barred'> {
  const others: number[] = [];
  let worktrees = 0;
  for (const { kind, bytes, obstacle } of going) {
    if (kind === 'worktrees') worktrees += 1;
    else if (obstacle === undefined) others.push(bytes);
  }
  return { worktrees, others, barred: barredOf(going) };
}

/** What of it cannot be undone, by the cause: the first found first. */
export function barredOf(going: readonly ItemView[]): readonly Barred[] {
  const barred = new Map<string, Barred>();
  for (const { kind, bytes, obstacle } of going) {
    if (obstacle === undefined) continue;
    const key = obstacleKey(obstacle);
    const known = barred.get(key) ?? { why: obstacleWords(obstacle), items: 0, bytes: 0, worktrees: 0 };
    barred.set(key, {
      why: known.why,
      items: known.items + 1,
      bytes: known.bytes + bytes,
      worktrees: known.worktrees + (kind === 'worktrees' ? 1 : 0),
    });
  }
  return [...barred.values()];
}

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
  barred,
  isUndoable,
  undoBytes,
  undoMs,
  isShortOfSpace,
}: Omit<UndoOutlook, 'branches'>): string {
  const fromGit = worktrees - sumOf(barred.map((one) => one.worktrees));
  const items = fromGit + others.length + sumOf(barred.map((one) => one.items));
  const all = items === 1 ? 'It' : 'All of it';
  if (!isUndoable) return `${all} cannot be undone (--no-undo).`;
  const git = fromGit === 0 ? '' : `; git makes ${theWorktrees(fromGit)} again, ${notFromGit}`;
  const lasts = `for ${formatCount(Math.round(undoMs / dayMs), 'day')}`;
  const unheld = isShortOfSpace ? others : others.filter((bytes) => bytes > undoBytes);
  const held = isShortOfSpace ? 0 : sumOf(others) - sumOf(unheld);
  const lost = [
    ...barred.map(({ why, ...rest }) => ({ ...rest, why: printable(why) })),
    ...(unheld.length === 0
      ? []
      : [
          {
            why: isShortOfSpace ? 'the disk is too full' : 'too large to be held',
            items: unheld.length,
            bytes: sumOf(unheld),
          },
        ]),
  ];
  const [first] = lost;
  if (first?.items === items) return `${all} cannot be undone: ${first.why}.`;
  const isNothing = sumOf(lost.map((one) => one.items)) === items;
  const back = lost.length === 0 ? all : isNothing ? undefined : 'The rest';
  return [
    ...lostLines(lost),
    ...(back !== undefined && held <= undoBytes ? [`${back} can be put back ${lasts}${git}.`] : []),
    ...(held > undoBytes
      ? [
          `Of ${formatBytes(held)} only ${formatBytes(undoBytes)} are held to be put back ${lasts}: what went first cannot be undone.`,
          ...(fromGit === 0 ? [] : [`${capital(theWorktrees(fromGit))} git makes again, ${notFromGit}.`]),
        ]
      : []),
  ].join(' ');
}

/** Causes told one by one; the rest is counted. */
const causesShown = 3;

function lostLines(
  lost: readonly { readonly why: string; readonly items: number; readonly bytes: number }[],
): string[] {
  const shown = lost.slice(0, causesShown);
  const rest = lost.slice(causesShown);
  const sizes = (of: typeof lost): string =>
    `${formatCount(sumOf(of.map(({ items }) => items)), 'item')} (${formatBytes(sumOf(of.map(({ bytes }) => bytes)))})`;
  return [
    ...shown.map((one) => `${sizes([one])} cannot be undone: ${one.why}.`),
    ...(rest.length === 0 ? [] : [`${sizes(rest)} more cannot be undone, for such causes.`]),
  ];
}

function theWorktrees(count: number): string {
  return count === 1 ? 'the worktree' : 'the worktrees';
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const dayMs = 24 * 60 * 60 * 1000;

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
