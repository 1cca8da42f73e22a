import { kinds, type Kind } from '../model/kind.ts';
import type { KindTotals, RunOutcome } from '../journal/event.ts';
import { adviceFor, causeOf } from './explain.ts';
import { countOf, formatBytes, formatCount, formatTime, printable } from './format.ts';
import { shortBranch, whyBranchKept } from './entry-line.ts';
import type { Colours } from './terminal.ts';
import type { BranchView } from './view.ts';

export type FailureView = {
  readonly item: string;
  readonly name: string;
  readonly kind: Kind;
  readonly code: string;
  readonly path: string;
  readonly detail: string | undefined;
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
};

/** Failures told one by one; the rest is counted. */
const failuresShown = 20;

/** The end of a run: per kind what went, predicted beside measured, usage before and after, failures last and loud. */
export function resultText(view: ResultView, colours: Colours): string {
  const lines: string[] = [];
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
      lines.push(
        `${colours.green('✓')} Cleaned ${countOf(kind, totals.removed.items)}, reclaimed ${formatBytes(totals.removed.bytes)}`,
      );
    }
  }
  lines.push(...usageLines(view));
  lines.push(summary(view, removed, bytes, held));
  if (view.freeBefore !== undefined && view.freeAfter !== undefined) {
    lines.push(`Free on volume: ${formatBytes(view.freeBefore)} before, ${formatBytes(view.freeAfter)} now.`);
  }
  if (held > 0 && view.heldUntilMs !== undefined) {
    lines.push(
      `${formatBytes(held)} of it stays on disk for undo until ${formatTime(view.heldUntilMs)}: prodigy clean undo ${view.run}`,
    );
  }
  lines.push(...branchLines(view.branches));
  for (const { name, why } of view.drifted)
    lines.push(`  ~ left alone: ${printable(name)}: ${printable(why)}`);
  if (view.failures.length > 0) lines.push(colours.red(`${view.failures.length} failed:`));
  for (const failure of view.failures.slice(0, failuresShown)) lines.push(...failureLines(failure, colours));
  if (view.failures.length > failuresShown) {
    lines.push(
      `  and ${view.failures.length - failuresShown} more, all of them in --json and in prodigy clean log`,
    );
  }
  if (view.outcome === 'interrupted') {
    lines.push(
      `Interrupted: ${formatCount(view.remaining, 'item')} remain. Go on with: prodigy clean resume`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function summary(view: ResultView, removed: number, bytes: number, held: number): string {
  const planned = `of ${formatCount(view.predictedItems, 'item')}`;
  const heldText = held > 0 ? `, ${formatBytes(held)} of it held for undo` : '';
  return `Removed ${removed.toLocaleString('en-US')} ${planned}: ${formatBytes(bytes)} left the storage${heldText} (predicted ${formatBytes(view.predictedBytes)}).`;
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

function usageLines({ totals }: ResultView): string[] {
  const before = { items: 0, bytes: 0 };
  const after = { items: 0, bytes: 0 };
  for (const kind of kinds) {
    const total = totals[kind];
    if (total === undefined) continue;
    before.items += total.before.items;
    before.bytes += total.before.bytes;
    after.items += total.before.items - total.removed.items;
    after.bytes += total.before.bytes - total.removed.bytes;
  }
  if (before.items === 0) return [];
  return [
    `Usage: ${formatCount(before.items, 'item')}, ${formatBytes(before.bytes)} before; ${formatCount(after.items, 'item')}, ${formatBytes(after.bytes)} after.`,
  ];
}

function failureLines({ name, code, path, detail }: FailureView, colours: Colours): string[] {
  const why = detail === undefined || detail === '' ? causeOf(code) : printable(detail);
  return [
    `  ${colours.red('✗')} failed: ${printable(name)}: ${why} (${code} ${printable(path)})`,
    `    try: ${adviceFor(code, path)}`,
  ];
}
