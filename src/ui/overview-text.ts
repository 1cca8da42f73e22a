import type { Tally } from '../journal/event-run.ts';
import type { Pin } from '../model/pin.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import { formatAge, formatBytes, formatCount, formatTime, formatWhole, printable } from './format.ts';
import { nextOld, nextOldText } from './next-old.ts';
import { overviewTable } from './overview-table.ts';
import { pinsText } from './pins-text.ts';
import { scopeText } from './plan-text.ts';
import { deedText } from './run-line.ts';
import type { Colours } from './terminal.ts';
import type { RunView } from './view.ts';
import { padEnd, wrapped } from './width.ts';

export type VolumeView = { readonly freeBytes: number; readonly totalBytes: number };

/** What the journal knows of earlier runs. Times are UTC milliseconds. */
export type EarlierView = {
  readonly nowMs: number;
  /** In quarantine, on disk, for undo; `untilMs`: when the oldest leaves. */
  readonly held: Tally & { readonly untilMs?: number };
  /** Worktrees that git can make again, and until when the first of them. */
  readonly gone: { readonly items: number; readonly untilMs?: number };
  /** Moved out of its place, and not freed yet. */
  readonly blocked: Tally;
  /** Runs that `resume` would take up, oldest first. */
  readonly unfinished: readonly RunSummary[];
  /** The last run that may have removed something, or put it back. */
  readonly last?: RunSummary;
};

export type OverviewView = {
  readonly view: RunView;
  readonly volume: VolumeView | undefined;
  readonly earlier: EarlierView;
  readonly pins: Iterable<Pin>;
};

/** What labels stand in, so that their lines can be read down. */
const labelWidth = 16;

/** The overview, like `docker system df`, with what is protected and why, and what to type next (DESIGN 6). */
export function overviewText(overview: OverviewView, colours: Colours, columns: number): string {
  const { view, volume, earlier, pins } = overview;
  const title = `Prodigy storage of ${scopeText(view)}: ${view.scope.roots.map(printable).join(', ')}`;
  const facts = [
    ...volumeFacts(volume),
    ...undoFacts(earlier),
    ...ageFacts(view),
    ...runFacts(earlier),
    ...leftAlone(view),
  ];
  const hanging = ' '.repeat(columns < 60 ? 2 : labelWidth + 1);
  const lines = [
    ...wrapped(title, columns, '', '  ').map((line) => colours.bold(line)),
    '',
    ...overviewTable(view.items, colours, columns),
    '',
    ...facts.flatMap(([label, text]) =>
      wrapped(text, columns, `${padEnd(`${label}:`, labelWidth)} `, hanging),
    ),
    ...pinsText(pins)
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => wrapped(line, columns, '', '  ')),
    '',
    ...nextSteps(overview, columns),
  ];
  return `${lines.join('\n')}\n`;
}

type Fact = readonly [label: string, text: string];

function volumeFacts(volume: VolumeView | undefined): readonly Fact[] {
  if (volume === undefined) return [];
  const { freeBytes, totalBytes } = volume;
  const percent = totalBytes === 0 ? '0' : ((freeBytes / totalBytes) * 100).toFixed(1);
  return [['Free on volume', `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} (${percent}%)`]];
}

function undoFacts({ held, gone, blocked, nowMs }: EarlierView): readonly Fact[] {
  const facts: Fact[] = [];
  if (held.items > 0) {
    const size = `${formatBytes(held.bytes)}, ${formatCount(held.items, 'item')}`;
    facts.push(['Held for undo', `${size}; the oldest leaves ${leavesText(held.untilMs, nowMs)}`]);
  }
  if (gone.items > 0) {
    const text = `${formatCount(gone.items, 'worktree')}, no space; the oldest until ${untilText(gone.untilMs)}`;
    facts.push(['Undo from git', text]);
  }
  if (blocked.items > 0) {
    facts.push(['Not freed yet', `${formatCount(blocked.items, 'item')}, ${formatBytes(blocked.bytes)}`]);
  }
  return facts;
}

function untilText(untilMs: number | undefined): string {
  return untilMs === undefined ? 'an unknown time' : formatTime(untilMs);
}

function leavesText(untilMs: number | undefined, nowMs: number): string {
  if (untilMs === undefined) return 'at an unknown time';
  return untilMs <= nowMs
    ? 'with the next run'
    : `after ${formatTime(untilMs)} (in ${formatAge(untilMs - nowMs)})`;
}

function ageFacts(view: RunView): readonly Fact[] {
  const next = nextOld(view);
  return next === undefined ? [] : [['Old enough next', nextOldText(next)]];
}

function runFacts({ last, unfinished }: EarlierView): readonly Fact[] {
  const facts: Fact[] = [];
  if (last !== undefined) {
    facts.push(['Last run', `${last.run.slice(0, 8)} on ${formatTime(last.startedAtMs)}, ${deedText(last)}`]);
  }
  for (const { run, startedAtMs, planned, removed, held } of unfinished) {
    const done = formatWhole(Math.min(planned.items, removed.items + held.items));
    const of = `${done} of ${formatCount(planned.items, 'item')} removed`;
    facts.push(['Unfinished', `run ${run.slice(0, 8)} of ${formatTime(startedAtMs)}, ${of}`]);
  }
  return facts;
}

function leftAlone({ oddities, outOfScope }: RunView): readonly Fact[] {
  const [first] = oddities;
  return [
    ...(outOfScope === 0
      ? []
      : [['Elsewhere', `${formatCount(outOfScope, 'item')} of other repositories (--all-repos)`] as const]),
    ...(first === undefined
      ? []
      : [
          [
            'Left alone',
            `${formatCount(oddities.length, 'unknown thing')}, e.g. ${printable(first.path ?? first.detail)}`,
          ] as const,
        ]),
  ];
}

/** What to type next: the most pressing first. */
function nextSteps({ view, earlier }: OverviewView, columns: number): readonly string[] {
  const all = view.scope.allRepositories ? ' --all-repos' : '';
  const goes = view.items.some(({ verdict }) => verdict === 'remove');
  const steps = [
    ...(earlier.unfinished.length > 0 || earlier.blocked.items > 0
      ? [['Finish what was begun', 'prodigy clean resume'] as const]
      : []),
    ...(goes
      ? [
          ['See what would go', `prodigy clean --all${all} --dry-run`] as const,
          ['Remove it', `prodigy clean --all${all}`] as const,
        ]
      : [['See why all of it stays', `prodigy clean --all${all} --dry-run --full`] as const]),
    ...(earlier.held.items + earlier.gone.items > 0
      ? [['Put something back', 'prodigy clean undo --list'] as const]
      : []),
    ...(earlier.last === undefined ? [] : [['See what was done', 'prodigy clean log'] as const]),
  ];
  const width = Math.max(...steps.map(([label]) => label.length)) + 1;
  const lines = steps.map(([label, command]) => [`${label}:`.padEnd(width), command] as const);
  // A command is never broken: it is there to be copied.
  const isNarrow = lines.some(([label, command]) => `${label}  ${command}`.length > columns);
  return [
    ...(goes ? [] : ['Nothing is old enough and safe to go.']),
    ...lines.flatMap(([label, command]) =>
      isNarrow ? [label.trimEnd(), `  ${command}`] : [`${label}  ${command}`],
    ),
  ];
}
