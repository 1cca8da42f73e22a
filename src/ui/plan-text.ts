import stringWidth from 'string-width';
import { kinds, type Kind } from '../model/kind.ts';
import { formatDuration } from '../policy/age.ts';
import { countOf, formatAge, formatBytes, formatCount, formatTime, printable, singular } from './format.ts';
import type { Colours } from './terminal.ts';
import type { ItemView, RunView } from './view.ts';

/** Kept items are shown one by one up to this many, unless everything is asked for. */
const keptShown = 20;

/** One column a character: the expensive measure is for the others. */
const isPlain = /^[\x20-\x7e]*$/;

/** The plan before the question: what would go, what stays and why, in words beside every symbol. */
export function planText(view: RunView, colours: Colours, isFull: boolean): string {
  const going = view.items.filter(({ verdict }) => verdict === 'remove');
  const staying = view.items.filter(({ verdict }) => verdict === 'keep');
  const shown = isFull ? staying : staying.slice(0, keptShown);
  const width = nameWidth([...going, ...shown]);
  const lines = [
    heading(view, colours),
    ...cutoffs(view),
    '',
    ...going.map((item) => itemLine('-', item, width, colours.red)),
    ...shown.map((item) => itemLine('=', item, width, colours.dim)),
  ];
  if (shown.length < staying.length) {
    lines.push(
      ...foldedLines(staying.slice(keptShown)),
      `  (--full lists all ${staying.length} that are kept)`,
    );
  }
  for (const { detail, path } of view.oddities.slice(0, isFull ? undefined : 10)) {
    lines.push(
      path === undefined ? `  ? ${printable(detail)}` : `  ? ${printable(path)} (${printable(detail)})`,
    );
  }
  if (!isFull && view.oddities.length > 10)
    lines.push(`  ? and ${view.oddities.length - 10} more left alone (--full)`);
  const bytes = going.reduce((sum, item) => sum + item.bytes, 0);
  const branches = branchesOf(going);
  lines.push(
    '',
    colours.bold(
      `Plan: ${going.length.toLocaleString('en-US')} to remove (${formatBytes(bytes)})${branches === 0 ? '' : ` with ${formatCount(branches, 'branch', 'branches')}`}, ${staying.length.toLocaleString('en-US')} kept.`,
    ),
  );
  if (view.outOfScope > 0) {
    lines.push(`Other repositories have ${formatCount(view.outOfScope, 'more item')} (--all-repos).`);
  }
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

function heading(view: RunView, colours: Colours): string {
  return colours.bold(
    `Plan ${view.plan}  ${scopeText(view)}  storage ${view.scope.roots.map(printable).join(', ')}`,
  );
}

function cutoffs({ scope, cutoffMs, retentionMs }: RunView): string[] {
  const byCutoff = new Map<number, Kind[]>();
  for (const kind of scope.kinds) {
    const cutoff = cutoffMs[kind];
    if (cutoff !== undefined) byCutoff.set(cutoff, [...(byCutoff.get(cutoff) ?? []), kind]);
  }
  return [...byCutoff].map(([cutoff, of]) => {
    const age = formatDuration(retentionMs[of[0] ?? 'logs'] ?? 0);
    return `  ${of.join(', ')}: older than ${age}, before ${formatTime(cutoff)}`;
  });
}

function nameWidth(items: readonly ItemView[]): number {
  const widest = items.reduce((most, { name }) => Math.max(most, widthOf(name)), 0);
  return Math.min(60, widest);
}

function widthOf(name: string): number {
  const shown = printable(name);
  return isPlain.test(shown) ? shown.length : stringWidth(shown);
}

function itemLine(
  symbol: '-' | '=',
  item: ItemView,
  width: number,
  colour: (text: string) => string,
): string {
  const name = printable(item.name);
  const padded = name + ' '.repeat(Math.max(0, width - widthOf(item.name)));
  const size = formatBytes(item.bytes).padStart(9);
  const age = (item.ageMs === undefined ? '?' : formatAge(item.ageMs)).padStart(5);
  const kind = singular(item.kind).padEnd(17);
  return `  ${colour(symbol)} ${kind} ${padded} ${size} ${age}  ${whyText(item)}`;
}

/** Checks that found nothing: they are in the journal and in `--json`; a line for people names what matters. */
const quietWhen: Readonly<Record<string, string | number | boolean>> = {
  commits: 'reachable',
  changes: 'none',
  precious: 'none',
  operation: 'none',
  locked: false,
  nested: 'none',
};
const neverShown: ReadonlySet<string> = new Set(['rest', 'head', 'branch']);

/** `merged into main, clean (Completed)` or `kept: resumable (Failed, with checkpoint and worktree)`. */
export function whyText({ kind, name, verdict, reason, proof, evidence }: ItemView): string {
  const details = Object.entries(evidence).flatMap(([key, value]) => {
    if (quietWhen[key] === value || neverShown.has(key)) return [];
    if (verdict === 'keep' && (key === 'merged' || key === 'unmerged')) return [];
    const text = printable(String(value));
    if (key === 'held') return [text];
    if (key === 'untilMs') return [`until ${formatTime(Number(value))}`];
    if (key === 'merged') return [`into ${text}`];
    if (key === 'unmerged') return [text];
    if (key === 'owner')
      return name.includes(text.slice(text.indexOf(':') + 1)) ? [] : [text.replace(':', ' ')];
    return ['status', 'doubt', 'process', 'signs', 'nested', 'unreachable'].includes(key)
      ? [text]
      : [`${key}: ${text}`];
  });
  const shown = verdict === 'keep' ? `kept: ${reason}` : (proof ?? reason);
  const isClean = kind === 'worktrees' && verdict === 'remove' && proof !== 'snapshot' ? ', clean' : '';
  return `${shown}${isClean}${details.length === 0 ? '' : ` (${details.join('; ')})`}`;
}

function foldedLines(items: readonly ItemView[]): string[] {
  const lines: string[] = [];
  for (const kind of kinds) {
    const counts = new Map<string, number>();
    const ofKind = items.filter((item) => item.kind === kind);
    for (const { reason } of ofKind) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    if (ofKind.length === 0) continue;
    const why = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
    lines.push(`  = ${countOf(kind, ofKind.length)} more kept: ${why}`);
  }
  return lines;
}
