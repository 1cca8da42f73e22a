import { kinds, type Kind } from '../model/kind.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import type { KindStats } from '../projections/storage-stats.ts';
import { formatBytes, formatTime } from './format.ts';
import { outcomeText, runLine } from './run-line.ts';
import { table } from './table.ts';
import type { Colours } from './terminal.ts';

/** A run as it stood at an entry. */
export type RunAtView = {
  readonly asOf: { readonly seq: number; readonly atMs: number };
  /** Folded up to that entry. */
  readonly summary: RunSummary;
  readonly kinds: ReadonlyMap<Kind, KindStats>;
};

const columns = ['before', 'removed', 'held', 'after', 'earlier'] as const;

export function runAtText({ asOf, summary, kinds: stats }: RunAtView, colours: Colours): string {
  const rows = kinds.flatMap((kind) => {
    const of = stats.get(kind);
    if (of === undefined) return [];
    return [
      [kind, ...columns.flatMap((column) => [String(of[column].items), formatBytes(of[column].bytes)])],
    ];
  });
  const head = ['KIND', 'BEFORE', '', 'REMOVED', '', 'HELD', '', 'AFTER', '', 'OF EARLIER RUNS', ''];
  const { planned, intended, removed, failed, drifted } = summary;
  return `${[
    colours.bold(
      `As of entry #${asOf.seq}, ${formatTime(asOf.atMs)}; folded from the journal, not how it is now`,
    ),
    runLine(summary),
    `  planned ${planned.items}, begun ${intended}, removed for good ${removed.items}, failed ${failed}, left alone ${drifted}`,
    ...(rows.length === 0
      ? ['  nothing had been looked at yet']
      : table([head, ...rows], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
  ].join('\n')}\n`;
}

export function runAtDocument({ asOf, summary, kinds: stats }: RunAtView): Record<string, unknown> {
  const { run, planned, intended, removed, failed, drifted, vanished, restored } = summary;
  return {
    schema: 'prodigy-clean/1',
    asOf: { seq: asOf.seq, at: new Date(asOf.atMs).toISOString() },
    run,
    outcome: summary.ended?.outcome ?? 'open',
    state: outcomeText(summary),
    planned,
    intended,
    removed,
    failed,
    drifted,
    vanished,
    restored,
    kinds: Object.fromEntries(stats),
  };
}
