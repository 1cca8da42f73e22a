import type { Kind } from '../model/kind.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import type { KindStats, OpenBytes } from '../projections/storage-stats.ts';
import { formatBytes, formatCount, formatTime, formatIso } from './format.ts';
import { sumOf } from './run-line.ts';
import { scopeOfRun } from './scope-text.ts';
import { table } from './table.ts';
import type { Colours } from './terminal.ts';

/** A kind as the last run before a time that looked at it left it. */
export type KindAt = { readonly kind: Kind; readonly stats: KindStats; readonly run: RunSummary };

/** What the journal knew at a time; `last` is its newest entry of then, absent when there was none yet. */
export type StorageAtView = {
  readonly askedMs: number;
  readonly last?: { readonly seq: number; readonly atMs: number };
  readonly kinds?: readonly KindAt[];
  readonly open?: readonly OpenBytes[];
};

export function storageAtText(
  { askedMs, last, kinds = [], open = [] }: StorageAtView,
  colours: Colours,
): string {
  const asked = formatTime(askedMs);
  if (last === undefined) return `As of ${asked} the journal had not begun: nothing is known of that time.\n`;
  const rows = kinds.map(({ kind, stats: { before, after, removed, held }, run }) => {
    const gone = sumOf([removed, held]);
    return [
      kind,
      String(after.items),
      formatBytes(after.bytes),
      String(before.items),
      String(gone.items),
      `run ${run.run.slice(0, 8)} on ${formatTime(run.startedAtMs)}, ${scopeOfRun(run.scope)}`,
    ];
  });
  const head = ['TYPE', 'ITEMS', 'SIZE', 'FOUND', 'REMOVED', 'LAST LOOKED AT BY'];
  const held = open.filter((operation) => operation.held);
  const begun = open.length - held.length;
  const heldBytes = held.reduce((sum, { bytes }) => sum + bytes, 0);
  return `${[
    colours.bold(
      `Storage as of ${asked}: what the journal knew at entry #${last.seq} of ${formatTime(last.atMs)}`,
    ),
    'Folded from the journal; nothing was looked at now.',
    '',
    ...(rows.length === 0 ? ['  nothing had been looked at yet'] : table([head, ...rows], [1, 2, 3, 4])),
    ...(held.length === 0
      ? []
      : [`Held for undo then: ${formatCount(held.length, 'item')}, ${formatBytes(heldBytes)}.`]),
    ...(begun === 0 ? [] : [`Begun and not ended then: ${formatCount(begun, 'removal')}.`]),
  ].join('\n')}\n`;
}

export function storageAtDocument({
  askedMs,
  last,
  kinds = [],
  open = [],
}: StorageAtView): Record<string, unknown> {
  const held = open.filter((operation) => operation.held);
  return {
    schema: 'prodigy-clean/1',
    asOf: {
      asked: formatIso(askedMs),
      ...(last === undefined ? {} : { seq: last.seq, at: formatIso(last.atMs) }),
    },
    kinds: Object.fromEntries(
      kinds.map(({ kind, stats: { before, removed, held: onHold, after, earlier }, run }) => [
        kind,
        {
          items: after.items,
          bytes: after.bytes,
          found: before,
          removed,
          held: onHold,
          earlier,
          run: run.run,
          lookedAt: formatIso(run.startedAtMs),
          scope: run.scope,
        },
      ]),
    ),
    heldForUndo: { items: held.length, bytes: held.reduce((sum, { bytes }) => sum + bytes, 0) },
    unfinished: open.length - held.length,
  };
}
