import Table from 'cli-table3';
import { kinds } from '../model/kind.ts';
import { formatBytes, formatCount, printable } from './format.ts';
import type { Colours } from './terminal.ts';
import type { RunView } from './view.ts';

const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

export type VolumeView = { readonly freeBytes: number; readonly totalBytes: number };

/** What the six columns of numbers need. */
const numbersWidth = 62;

/** What earlier runs left: held for undo, not freed, not finished. */
export type UnfinishedView = {
  readonly heldBytes: number;
  readonly blocked: number;
  readonly blockedBytes: number;
  readonly runs: number;
};

/** The overview, like `docker system df`, with what is protected and why (DESIGN 6). */
export function overviewText(
  view: RunView,
  volume: VolumeView | undefined,
  unfinished: UnfinishedView,
  colours: Colours,
  columns: number,
): string {
  const table = new Table({
    // The reasons get what the terminal leaves; words are not cut.
    colWidths: [null, null, null, null, null, null, Math.max(24, columns - numbersWidth)],
    wordWrap: true,
    chars: bare,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
    head: ['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE', 'PROTECTED', ''].map((text) =>
      colours.bold(text),
    ),
  });
  let reclaimable = 0;
  for (const kind of kinds) {
    const items = view.items.filter((item) => item.kind === kind);
    const sum = (of: readonly { bytes: number }[]): number =>
      of.reduce((total, { bytes }) => total + bytes, 0);
    const going = items.filter(({ verdict }) => verdict === 'remove');
    const staying = items.filter(({ verdict }) => verdict === 'keep');
    const total = sum(items);
    reclaimable += sum(going);
    table.push([
      kind,
      String(items.length),
      String(items.filter(({ reason }) => reason === 'active' || reason === 'in-use').length),
      formatBytes(total),
      `${formatBytes(sum(going))} (${total === 0 ? 0 : Math.round((sum(going) / total) * 100)}%)`,
      formatBytes(sum(staying)),
      reasonsText(staying.map(({ reason }) => reason)),
    ]);
  }
  const lines = [trimLines(table.toString()), ''];
  if (volume !== undefined) {
    const percent = ((volume.freeBytes / volume.totalBytes) * 100).toFixed(1);
    lines.push(
      `Free on volume: ${formatBytes(volume.freeBytes)} of ${formatBytes(volume.totalBytes)} (${percent}%)`,
    );
  }
  if (unfinished.heldBytes > 0) lines.push(`Held for undo: ${formatBytes(unfinished.heldBytes)}`);
  if (unfinished.blocked > 0) {
    lines.push(
      `Not freed yet: ${formatCount(unfinished.blocked, 'item')}, ${formatBytes(unfinished.blockedBytes)} (prodigy clean resume)`,
    );
  }
  if (view.outOfScope > 0) {
    lines.push(`Other repositories have ${formatCount(view.outOfScope, 'more item')} (--all-repos).`);
  }
  if (view.oddities.length > 0) {
    lines.push(`Left alone: ${formatCount(view.oddities.length, 'unknown thing')}, e.g. ${oddity(view)}`);
  }
  lines.push('', ...nextSteps(reclaimable, unfinished, view));
  return `${lines.join('\n')}\n`;
}

function oddity({ oddities }: RunView): string {
  const [first] = oddities;
  return printable(first?.path ?? first?.detail ?? '');
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** `3 dirty, 2 active`, most frequent first. */
export function reasonsText(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}

function nextSteps(reclaimable: number, { runs }: UnfinishedView, { scope }: RunView): string[] {
  const all = scope.allRepositories ? ' --all-repos' : '';
  const resume =
    runs === 0 ? [] : [`Go on with ${formatCount(runs, 'interrupted run')}: prodigy clean resume`];
  if (reclaimable === 0) return [...resume, 'Nothing is old enough and safe to go.'];
  return [
    ...resume,
    `See what would go:    prodigy clean --all${all} --dry-run`,
    `Remove it:            prodigy clean --all${all}`,
    `What was done so far: prodigy clean log`,
  ];
}
