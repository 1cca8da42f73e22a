import type { Closed } from '../model/closed.ts';
import { kinds, type Kind } from '../model/kind.ts';
import type { KindTotals, RunOutcome, Tally } from '../journal/event-run.ts';
import { adviceFor, causeIn } from './errno-words.ts';
import { countOf, formatBytes, formatCount, formatTime, formatWhole, printable } from './format.ts';
import { shortBranch, whyBranchKept } from './entry-line.ts';
import { table } from './table.ts';
import type { Colours } from './terminal.ts';
import { notFromGit, type Barred } from './undo-outlook.ts';
import type { BranchView } from './view.ts';
import { unbroken, widthOf, wrapped } from './width.ts';

export type FailureView = {
  readonly item: string;
  readonly name: string;
  readonly kind: Kind;
  readonly code: string;
  readonly path: string;
  readonly detail: string | undefined;
  /** The directory that forbids it. */
  readonly closed?: Closed | undefined;
};

export type ResultView = {
  readonly run: string;
  readonly outcome: RunOutcome;
  readonly totals: Readonly<Partial<Record<Kind, KindTotals>>>;
  readonly predictedBytes: number;
  readonly predictedItems: number;
  readonly remaining: number;
  readonly failures: readonly FailureView[];
  readonly drifted: readonly { readonly name: string; readonly why: string }[];
  readonly freeBefore: number | undefined;
  readonly freeAfter: number | undefined;
  readonly branches: readonly BranchView[];
  /** When what is held for undo begins to be freed. */
  readonly heldUntilMs: number | undefined;
  /** Whether undo of this run is all it takes; what an earlier run had begun is that one's to undo. */
  readonly isAllOwn: boolean;
  /** Worktrees that git can make again, and until when it can each of them. */
  readonly fromGit: { readonly count: number; readonly untilMs: number };
  /** What went and cannot be put back from where it lay. */
  readonly barred: readonly Barred[];
};

/** Failures told one by one; the rest is counted. */
const failuresShown = 20;

/** The end of a run: per kind what went, predicted beside measured, usage before and after, failures last and loud. */
export function resultText(view: ResultView, colours: Colours, columns: number): string {
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(...wrapped(text, columns, '', '  '));
  let removed = 0;
  let bytes = 0;
  let held = 0;
  for (const kind of kinds) {
    const totals = view.totals[kind];
    if (totals === undefined) continue;
    removed += totals.removed.items;
    bytes += totals.removed.bytes;
    held += totals.held.bytes;
    if (totals.removed.items > 0) {
      const what = `Cleaned ${countOf(kind, totals.removed.items)}, reclaimed ${formatBytes(totals.removed.bytes)}`;
      say(`${colours.green('✓')} ${what}`);
    }
  }
  say(summary(view, removed, bytes, held));
  lines.push(...usageLines(view.totals, colours, columns));
  if (view.freeBefore !== undefined && view.freeAfter !== undefined) {
    say(`Free on volume: ${freeText(view.freeBefore, view.freeAfter)}.`);
  }
  const undo = `prodigy clean undo ${view.isAllOwn ? view.run : '--list'}`;
  if (held > 0 && view.heldUntilMs !== undefined) {
    say(
      `${formatBytes(held)} of it stays on disk for undo until ${formatTime(view.heldUntilMs)}: ${unbroken(undo)}`,
    );
  }
  if (view.fromGit.count > 0) {
    const { count, untilMs } = view.fromGit;
    say(
      `${formatCount(count, 'worktree')} can be made again from git until ${formatTime(untilMs)}, ${notFromGit}: ${unbroken(undo)}`,
    );
  }
  for (const { why, items, bytes } of view.barred) {
    say(`${formatCount(items, 'item')} (${formatBytes(bytes)}) cannot be put back: ${printable(why)}.`);
  }
  for (const line of branchLines(view.branches)) say(line);
  for (const { name, why } of view.drifted) say(`  ~ left alone: ${printable(name)}: ${printable(why)}`);
  if (view.outcome === 'interrupted') {
    say(
      `Interrupted: ${formatCount(view.remaining, 'item')} remain. Go on with: ${unbroken('prodigy clean resume')}`,
    );
  }
  lines.push(...failureLines(view.failures, colours, columns));
  return `${lines.join('\n')}\n`;
}

function summary(view: ResultView, removed: number, bytes: number, held: number): string {
  const planned = `of ${formatCount(view.predictedItems, 'item')}`;
  const heldText = held > 0 ? `, ${formatBytes(held)} of it held for undo` : '';
  return `Removed ${formatWhole(removed)} ${planned}: ${formatBytes(bytes)} left the storage${heldText} (predicted ${formatBytes(view.predictedBytes)}).`;
}

function branchLines(branches: readonly BranchView[]): string[] {
  const deleted = branches.filter(({ outcome }) => outcome === 'deleted');
  const lines =
    deleted.length === 0
      ? []
      : [`Deleted ${formatCount(deleted.length, 'branch', 'branches')}; the journal knows where each was.`];
  for (const { branch, reason } of branches) {
    if (reason !== undefined) lines.push(`  ~ branch kept: ${shortBranch(branch)}: ${whyBranchKept(reason)}`);
  }
  return lines;
}

/** What there was and what there is, per kind: folded from the journal, not looked at again. */
function usageLines(totals: ResultView['totals'], colours: Colours, columns: number): readonly string[] {
  const usages = kinds.toReversed().flatMap((kind) => {
    const of = totals[kind];
    return of === undefined || of.before.items === 0
      ? []
      : [{ name: kind, before: of.before, after: minus(of.before, of.removed) }];
  });
  if (usages.length === 0) return [];
  const all = usages.reduce(
    (sum, { before, after }) => ({
      name: 'total',
      before: plus(sum.before, before),
      after: plus(sum.after, after),
    }),
    { name: 'total', before: nothing, after: nothing },
  );
  const told = usages.length === 1 ? usages : [...usages, all];
  const [head = '', ...rows] = table(
    [
      ['KIND', '', 'BEFORE', '', 'NOW'],
      ...told.map(({ name, before, after }) => [name, ...cells(before), ...cells(after)]),
    ],
    [1, 2, 3, 4],
    '',
  );
  if ([head, ...rows].some((line) => widthOf(line) > columns)) {
    return told.flatMap(({ name, before, after }) =>
      wrapped(`${name}: ${tallyText(before)} before, ${tallyText(after)} now`, columns, '', '  '),
    );
  }
  return ['', colours.bold(head), ...rows, ''];
}

const nothing: Tally = { items: 0, bytes: 0 };

function plus(a: Tally, b: Tally): Tally {
  return { items: a.items + b.items, bytes: a.bytes + b.bytes };
}

function minus(a: Tally, b: Tally): Tally {
  return { items: a.items - b.items, bytes: a.bytes - b.bytes };
}

function cells({ items, bytes }: Tally): readonly string[] {
  return [formatWhole(items), formatBytes(bytes)];
}

function tallyText(tally: Tally): string {
  const [items = '', size = ''] = cells(tally);
  return `${items} (${size})`;
}

/** What the volume says, which others use, too. */
function freeText(before: number, after: number): string {
  const more = after - before;
  const change = more === 0 ? 'no change' : `${formatBytes(Math.abs(more))} ${more > 0 ? 'more' : 'less'}`;
  return `${formatBytes(before)} before, ${formatBytes(after)} now (${change})`;
}

function failureLines(
  failures: readonly FailureView[],
  colours: Colours,
  columns: number,
): readonly string[] {
  if (failures.length === 0) return [];
  const shown = failures.slice(0, failuresShown);
  const rest = failures.length - shown.length;
  return [
    colours.red(`${formatWhole(failures.length)} failed:`),
    ...shown.flatMap(({ name, code, path, detail, closed }) => {
      const why = printable(causeIn({ code, detail }));
      return [
        ...wrapped(
          `failed: ${printable(name)}: ${why} (${code} ${printable(path)})`,
          columns,
          `  ${colours.red('✗')} `,
          '      ',
        ),
        // Not broken: there are commands in it.
        `    try: ${adviceFor(code, path, closed)}`,
      ];
    }),
    ...(rest === 0
      ? []
      : wrapped(
          `and ${formatWhole(rest)} more, all of them in --json and in prodigy clean log`,
          columns,
          '  ',
        )),
  ];
}
