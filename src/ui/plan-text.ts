import { addTo } from '../model/groups.ts';
import type { Kind } from '../model/kind.ts';
import { formatDuration } from '../policy/age.ts';
import { formatBytes, formatCount, formatTime, formatWhole, printable } from './format.ts';
import { nextOld, nextOldText } from './next-old.ts';
import { planList, type ListLook } from './plan-list.ts';
import { outlookOf, wayBackText } from './undo-outlook.ts';
import type { ItemView, RunView } from './view.ts';
import { wrapped } from './width.ts';

/** How long, and how many bytes of, what goes stays on disk so that it can be put back. */
export type UndoRule = { readonly isUndoable: boolean; readonly forMs: number; readonly bytes: number };

export type PlanLook = ListLook & { readonly undo: UndoRule };

/** Odd things told one by one. */
const odditiesShown = 10;

/** The plan before the question: what would go, what stays and why, in words beside every symbol. */
export function planText(view: RunView, look: PlanLook): string {
  const { columns, colours } = look;
  const list = planList(view, look);
  const lines = [
    ...wrapped(`Plan ${view.plan}  ${scopeText(view)}`, columns, '', '  ').map((line) => colours.bold(line)),
    ...wrapped(`storage ${view.scope.roots.map(printable).join(', ')}`, columns, '  ', '    '),
    ...cutoffs(view).flatMap((line) => wrapped(line, columns, '  ', '    ')),
    ...list.lines,
    ...oddLines(view, look),
    '',
    ...footer(view, look).flatMap((line) => wrapped(line, columns, '', '  ')),
  ];
  if (list.isByReason) lines.push(...wrapped('--full lists all that are kept, one by one.', columns));
  return `${lines.join('\n')}\n`;
}

/** How many branches go with these items. */
export function branchesOf(items: readonly ItemView[]): number {
  return items.reduce((sum, { deletes }) => sum + deletes, 0);
}

export function scopeText({ scope }: RunView): string {
  if (scope.allRepositories) return 'all repositories';
  const names = scope.repositories.map(({ name, path }) =>
    path === undefined ? printable(name) : `${printable(name)} (${printable(path)})`,
  );
  return `repository ${names.join(', ')}`;
}

function cutoffs({ scope, cutoffMs, retentionMs }: RunView): string[] {
  const byCutoff = new Map<number, Kind[]>();
  for (const kind of scope.kinds) {
    const cutoff = cutoffMs[kind];
    if (cutoff !== undefined) addTo(byCutoff, cutoff, kind);
  }
  return [...byCutoff].map(([cutoff, of]) => {
    const age = formatDuration(retentionMs[of[0] ?? 'logs'] ?? 0);
    return `${of.join(', ')}: older than ${age}, before ${formatTime(cutoff)}`;
  });
}

function oddLines({ oddities }: RunView, { columns, colours, isFull }: PlanLook): readonly string[] {
  if (oddities.length === 0) return [];
  const shown = isFull ? oddities : oddities.slice(0, odditiesShown);
  const rest = oddities.length - shown.length;
  return [
    '',
    colours.bold(`not understood, and not touched: ${formatWhole(oddities.length)}`),
    ...shown.flatMap(({ detail, path }) =>
      path === undefined
        ? wrapped(printable(detail), columns, '  ? leave  ', '      ')
        : wrapped(`${printable(path)} (${printable(detail)})`, columns, '  ? leave  ', '      '),
    ),
    ...(rest === 0 ? [] : [`  ... and ${formatWhole(rest)} more (--full lists them)`]),
  ];
}

function footer(view: RunView, { colours, undo }: PlanLook): readonly string[] {
  const going = view.items.filter(({ verdict }) => verdict === 'remove');
  const staying = view.items.length - going.length;
  const branches = branchesOf(going);
  const withBranches = branches === 0 ? '' : ` with ${formatCount(branches, 'branch', 'branches')}`;
  const counts = `Plan: ${formatWhole(going.length)} to remove${withBranches}, ${formatWhole(staying)} kept.`;
  const next = going.length > 0 ? undefined : nextOld(view);
  return [
    colours.bold(going.length === 0 ? counts : `${counts} ${freesText(going, undo)}`),
    ...(isUndoTold(view, going, undo) ? [undoText(going, undo)] : []),
    ...(next === undefined ? [] : [`Old enough next: ${nextOldText(next)}.`]),
    ...(view.outOfScope > 0 ? [outOfScopeText(view)] : []),
  ];
}

function outOfScopeText({ outOfScope, scope }: RunView): string {
  return scope.isNarrowed === true
    ? `Beside what was asked for: ${formatCount(outOfScope, 'more item')}.`
    : `Other repositories have ${formatCount(outOfScope, 'more item')} (--all-repos).`;
}

/** When the space comes back: what is held for undo stays on disk until then. */
function freesText(going: readonly ItemView[], { isUndoable, forMs, bytes: cap }: UndoRule): string {
  let bytes = 0;
  let held = 0;
  for (const item of going) {
    bytes += item.bytes;
    const isHeld = isUndoable && item.kind !== 'worktrees' && item.obstacle === undefined;
    if (isHeld && item.bytes <= cap) held += item.bytes;
  }
  held = Math.min(held, cap);
  const when =
    held === 0
      ? 'at once'
      : held === bytes
        ? `when undo ends in ${formatDuration(forMs)}`
        : `${formatBytes(bytes - held)} at once, ${formatBytes(held)} when undo ends in ${formatDuration(forMs)}`;
  return `Frees about ${formatBytes(bytes)} (${when}).`;
}

/** A question says it, too, and better; but nobody who gave his consent before is asked one. */
function isUndoTold({ dryRun }: RunView, going: readonly ItemView[], { isUndoable }: UndoRule): boolean {
  return going.length > 0 && (dryRun || (isUndoable && going.some(({ obstacle }) => obstacle !== undefined)));
}

function undoText(going: readonly ItemView[], { isUndoable, forMs, bytes: undoBytes }: UndoRule): string {
  if (!isUndoable) return 'Undo: none of it can be put back (--no-undo).';
  const rule = { isUndoable, undoBytes, undoMs: forMs, isShortOfSpace: false };
  const text = wayBackText({ ...rule, ...outlookOf(going) });
  return `Undo: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
