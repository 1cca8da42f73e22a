import { ok, type Result } from 'neverthrow';
import type { Entry } from '../journal/entry.ts';
import type { EventOf } from '../journal/event.ts';
import type { PlannedItem } from '../journal/event-run.ts';
import type { JournalFailure } from '../model/failure.ts';
import { pathOf } from '../model/item.ts';
import { kinds } from '../model/kind.ts';
import { causeIn, type RunReplay } from '../projections/run-replay.ts';
import { sentenceOf } from './entry-line.ts';
import { adviceFor } from './errno-words.ts';
import { countOf, formatBytes, formatCount, formatTime, printable, singular } from './format.ts';
import { inPages } from './json-pieces.ts';
import { sumsOf, viewOfAct, type ActSums, type ActView, type Pages } from './replay-view.ts';
import type { ReplaySource, ReplayView } from './replay-view.ts';
import { actorLine, commandText, outcomeText, sumOf } from './run-line.ts';
import { policyLines, scopeOfRun } from './scope-text.ts';
import { table } from './table.ts';
import type { Colours } from './terminal.ts';

/**
 * A run as a story: who, what was allowed, what was found, what was shown and agreed to, what was done, how it ended.
 * In pieces of whole lines, with an empty one between its sections.
 */
export async function* replayText(
  view: ReplayView,
  source: ReplaySource,
  colours: Colours,
): AsyncGenerator<Result<string, JournalFailure>> {
  const { summary, replay, since } = view;
  const { acts, planned } = replay;
  yield ok(textOf(headLines(view, colours)));
  const found = foundLines(replay, colours);
  if (found.length > 0) {
    yield ok(`\n${textOf(found)}`);
    yield* told(source.entries(['verdicts', 'oddities', 'notes']), (entry) => [eventLine(entry)]);
  }
  if (planned !== undefined) {
    yield ok(`\n${textOf([planLine(planned, colours)])}`);
    yield* told(source.plan(), (item) => [plannedLine(item)]);
    yield ok(textOf([consentLine(view)]));
  }
  if (acts.size > 0) {
    yield ok(`\n${textOf([colours.bold('Done')])}`);
    yield* told(source.entries(['steps']), (entry) => stepLines(entry, colours));
  }
  const sums = sumsOf(replay);
  yield ok(`\n${textOf(totalLines(view, sums, colours))}`);
  if (since.count > 0 || sums.held.items > 0 || sums.special > 0 || sums.lost > 0 || view.isUnfinished) {
    yield ok(`\n${textOf([colours.bold('Since then, and now')])}`);
    yield* told(source.since(), (entry) => [sinceLine(entry)]);
    yield ok(textOf(heldLines(summary, sums)));
    if (sums.special > 0) yield* told(inPages(acts.values()), (act) => specialLines(viewOfAct(act, replay)));
    yield ok(textOf(restLines(view, sums)));
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

async function* told<Value>(
  pages: Pages<Value> | Iterable<Result<readonly Value[], never>>,
  linesOf: (value: Value) => readonly string[],
): AsyncGenerator<Result<string, JournalFailure>> {
  for await (const page of pages) yield page.map((values) => textOf(values.flatMap(linesOf)));
}

function headLines({ summary, resumedBy }: ReplayView, colours: Colours): readonly string[] {
  const { run, actor, startedAtMs, lastAtMs, ended, resumeOf, applies, policy, scope } = summary;
  const end = ended?.atMs ?? lastAtMs;
  const lasted = `${((end - startedAtMs) / 1000).toFixed(1)} s`;
  const fields: (readonly [string, string])[] = [
    ['who', actorLine(actor)],
    [
      'when',
      `${formatTime(startedAtMs)} to ${formatTime(end)} (${lasted})${ended === undefined ? ', the last that is known of it' : ''}`,
    ],
    ['command', commandText(summary)],
    ...(resumeOf === undefined ? [] : [['resumes', `run ${resumeOf}`] as const]),
    ...(applies === undefined ? [] : [['applies', `plan ${printable(applies)}, or less of it`] as const]),
    ...resumedBy.map((by) => ['resumed', `by run ${by}`] as const),
    ['scope', scopeOfRun(scope)],
    ['roots', scope.roots.map(printable).join(', ')],
    ['policy', policy.hash],
    ...policyLines(summary).map((line) => ['', line] as const),
  ];
  return [
    colours.bold(`Run ${run}: ${outcomeText(summary)}`),
    ...fields.map(([name, value]) => `  ${name.padEnd(8)} ${value}`),
  ];
}

function foundLines({ scans, parts }: RunReplay, colours: Colours): readonly string[] {
  const rows = kinds.flatMap((kind) => {
    const scan = scans.get(kind);
    if (scan === undefined) return [];
    const kept = Object.entries(scan.kept).map(([reason, { items }]) => `${items} ${reason}`);
    const { items, bytes } = scan.condemned;
    return [
      [
        kind,
        String(scan.found.items),
        formatBytes(scan.found.bytes),
        String(items),
        formatBytes(bytes),
        kept.join(', '),
      ],
    ];
  });
  const verdicts = parts.verdicts.count;
  if (rows.length === 0 && parts.notes.count === 0) return [];
  const head = ['KIND', 'FOUND', 'SIZE', 'MAY GO', 'SIZE', 'KEPT BECAUSE'];
  return [
    colours.bold('Found and decided'),
    ...(rows.length === 0 ? [] : table([head, ...rows], [1, 2, 3, 4])),
    ...(verdicts === 0 ? [] : [`  new or changed verdicts: ${verdicts}`]),
  ];
}

function eventLine({ seq, atMs, event }: Entry): string {
  return `  ${formatTime(atMs)}  #${seq}  ${sentenceOf(event)}`;
}

function planLine({ plan, items, bytes }: EventOf<'RunPlanned'>, colours: Colours): string {
  return colours.bold(`Plan ${plan}: ${formatCount(items, 'item')}, ${formatBytes(bytes)}`);
}

function plannedLine({ item, bytes, head }: PlannedItem): string {
  const kind = item.slice(0, item.indexOf(':'));
  const at = head === undefined ? '' : `  at ${head.slice(0, 12)}`;
  return `  - ${kind.padEnd(9)} ${formatBytes(bytes).padStart(9)}  ${printable(pathOf(item))}${at}`;
}

function consentLine({ summary, replay: { confirmed } }: ReplayView): string {
  const how = {
    prompt: 'at the question',
    force: 'by --force',
    'typed-word': 'by the typed word yes',
    resume: 'when the run that is resumed was confirmed',
  };
  return confirmed === undefined
    ? `  not confirmed${summary.dryRun ? ': it only looked' : ''}`
    : `  confirmed ${how[confirmed.event.how]} on ${formatTime(confirmed.atMs)}: ${formatCount(confirmed.event.items, 'item')}, ${formatBytes(confirmed.event.bytes)}`;
}

function stepLines(entry: Entry, colours: Colours): readonly string[] {
  const { event } = entry;
  if (event.type !== 'ItemFailed' && event.type !== 'PurgeBlocked' && event.type !== 'PutBackBlocked')
    return [eventLine(entry)];
  const { code, path } = causeIn(event);
  return [colours.red(eventLine(entry)), `      next: ${adviceFor(code, path)}`];
}

function totalLines({ summary, replay }: ReplayView, { gone }: ActSums, colours: Colours): readonly string[] {
  const { planned, ended, dryRun } = summary;
  if (dryRun && replay.acts.size === 0) return endLine(summary, colours);
  const totals = ended === undefined ? [] : Object.values(ended.totals);
  const removed = totals.length > 0 ? sumOf(totals.map((total) => total.removed)) : gone;
  const held = sumOf(totals.map((total) => total.held));
  const lines = kinds.flatMap((kind) => {
    const total = ended?.totals[kind];
    if (total === undefined || total.removed.items + total.failed + total.drifted === 0) return [];
    return [
      `  ${countOf(kind, total.removed.items)} removed, ${formatBytes(total.removed.bytes)}; ${total.failed} failed, ${total.drifted} left alone`,
    ];
  });
  const before = ended?.freeBefore;
  const after = ended?.freeAfter;
  return [
    colours.bold('Totals'),
    `  predicted ${formatCount(planned.items, 'item')}, ${formatBytes(planned.bytes)}; removed ${formatCount(removed.items, 'item')}, ${formatBytes(removed.bytes)}${held.items > 0 ? `, ${formatBytes(held.bytes)} of it held for undo` : ''}`,
    ...lines,
    ...(before === undefined || after === undefined
      ? []
      : [`  free on the volume: ${formatBytes(before)} before, ${formatBytes(after)} after`]),
    ...endLine(summary, colours),
  ];
}

function endLine(summary: ReplayView['summary'], colours: Colours): readonly string[] {
  const { ended } = summary;
  const when = ended === undefined ? '' : ` on ${formatTime(ended.atMs)}`;
  return [colours.bold(`Ended${when}: ${outcomeText(summary)}`)];
}

/** What a later run did with what this one had moved. */
function sinceLine(entry: Entry): string {
  return `${eventLine(entry)} (run ${entry.run ?? ''})`;
}

function heldLines({ run }: ReplayView['summary'], { held }: ActSums): readonly string[] {
  if (held.items === 0) return [];
  return [
    `  ${formatCount(held.items, 'item')} (${formatBytes(held.bytes)}) can be put back until ${formatTime(held.untilMs)}: prodigy clean undo ${run}`,
  ];
}

function specialLines({ kind, name, recovery }: ActView): readonly string[] {
  if (recovery.untilMs !== undefined || recovery.command === undefined) return [];
  const what = kind === undefined ? printable(name) : `${singular(kind)} ${printable(name)}`;
  return [`  ${what}: ${recovery.sentence}: ${recovery.command}`];
}

function restLines({ summary, isUnfinished }: ReplayView, { lost }: ActSums): readonly string[] {
  const unless = summary.ended === undefined ? ', unless it is still under way' : '';
  return [
    ...(lost === 0
      ? []
      : [`  ${formatCount(lost, 'item')} cannot be put back: freed (prodigy clean why tells of each)`]),
    ...(isUnfinished ? [`  it can be taken up${unless}: prodigy clean resume ${summary.run}`] : []),
  ];
}
