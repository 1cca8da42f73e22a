import { kinds } from '../model/kind.ts';
import { least } from '../model/least.ts';
import { pathOf } from '../model/item.ts';
import { sentenceOf } from './entry-line.ts';
import { adviceFor } from './errno-words.ts';
import { countOf, formatBytes, formatCount, formatTime, printable, singular } from './format.ts';
import { actorLine, commandText, outcomeText, sumOf } from './run-line.ts';
import { policyLines, scopeOfRun } from './scope-text.ts';
import { actViews, causeIn, type ActView, type ReplayView } from './replay-view.ts';
import { table } from './table.ts';
import type { Colours } from './terminal.ts';

/** A run as a story: who, what was allowed, what was found, what was shown and agreed to, what was done, how it ended. */
export function replayText(view: ReplayView, colours: Colours): string {
  const acts = actViews(view);
  const sections = [
    headLines(view, colours),
    foundLines(view, colours),
    planLines(view, colours),
    actLines(view, colours),
    totalLines(view, acts, colours),
    afterLines(view, acts, colours),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
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

function foundLines({ replay }: ReplayView, colours: Colours): readonly string[] {
  const rows = kinds.flatMap((kind) => {
    const scan = replay.scans.get(kind);
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
  const { verdicts, oddities, notes } = replay;
  if (rows.length === 0 && notes.length === 0) return [];
  const head = ['KIND', 'FOUND', 'SIZE', 'MAY GO', 'SIZE', 'KEPT BECAUSE'];
  return [
    colours.bold('Found and decided'),
    ...(rows.length === 0 ? [] : table([head, ...rows], [1, 2, 3, 4])),
    ...(verdicts.length === 0 ? [] : [`  new or changed verdicts: ${verdicts.length}`]),
    ...[...verdicts, ...oddities, ...notes].sort((a, b) => a.seq - b.seq).map(eventLine),
  ];
}

function eventLine({
  seq,
  atMs,
  event,
}: {
  readonly seq: number;
  readonly atMs: number;
  readonly event: Parameters<typeof sentenceOf>[0];
}): string {
  return `  ${formatTime(atMs)}  #${seq}  ${sentenceOf(event)}`;
}

function planLines({ summary, replay, plan }: ReplayView, colours: Colours): readonly string[] {
  const { planned, confirmed } = replay;
  if (planned === undefined) return [];
  const how = {
    prompt: 'at the question',
    force: 'by --force',
    'typed-word': 'by the typed word yes',
    resume: 'when the run that is resumed was confirmed',
  };
  const consent =
    confirmed === undefined
      ? `  not confirmed${summary.dryRun ? ': it only looked' : ''}`
      : `  confirmed ${how[confirmed.event.how]} on ${formatTime(confirmed.atMs)}: ${formatCount(confirmed.event.items, 'item')}, ${formatBytes(confirmed.event.bytes)}`;
  return [
    colours.bold(
      `Plan ${planned.plan}: ${formatCount(planned.items, 'item')}, ${formatBytes(planned.bytes)}`,
    ),
    ...plan.map(({ item, bytes, head }) => {
      const kind = item.slice(0, item.indexOf(':'));
      const at = head === undefined ? '' : `  at ${head.slice(0, 12)}`;
      return `  - ${kind.padEnd(9)} ${formatBytes(bytes).padStart(9)}  ${printable(pathOf(item))}${at}`;
    }),
    consent,
  ];
}

function actLines({ replay }: ReplayView, colours: Colours): readonly string[] {
  const steps = [...replay.acts.values()].flatMap((act) => act.steps).sort((a, b) => a.seq - b.seq);
  if (steps.length === 0) return [];
  const lines = steps.flatMap((step) => {
    const { event } = step;
    if (event.type !== 'ItemFailed' && event.type !== 'PurgeBlocked' && event.type !== 'PutBackBlocked')
      return [eventLine(step)];
    const { code, path } = causeIn(event);
    return [colours.red(eventLine(step)), `      next: ${adviceFor(code, path)}`];
  });
  return [colours.bold('Done'), ...lines];
}

function totalLines({ summary }: ReplayView, acts: readonly ActView[], colours: Colours): readonly string[] {
  const { planned, ended, dryRun } = summary;
  if (dryRun && acts.length === 0) return endLine(summary, colours);
  const totals = ended === undefined ? [] : Object.values(ended.totals);
  const gone = acts.filter(({ outcome }) => outcome === 'removed');
  const removed =
    totals.length > 0
      ? sumOf(totals.map((total) => total.removed))
      : { items: gone.length, bytes: gone.reduce((sum, { bytes = 0 }) => sum + bytes, 0) };
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

/** What has become of it since, and what can be done. */
function afterLines(view: ReplayView, acts: readonly ActView[], colours: Colours): readonly string[] {
  const { summary, aftermath, isUnfinished } = view;
  const lines = aftermath.map((one) => `${eventLine(one)} (run ${one.run})`);
  const held = acts.filter(({ recovery }) => recovery.untilMs !== undefined);
  if (held.length > 0) {
    const until = least(held.map(({ recovery }) => recovery.untilMs ?? Infinity));
    const bytes = held.reduce((sum, act) => sum + (act.bytes ?? 0), 0);
    lines.push(
      `  ${formatCount(held.length, 'item')} (${formatBytes(bytes)}) can be put back until ${formatTime(until)}: prodigy clean undo ${summary.run}`,
    );
  }
  for (const { kind, name, recovery } of acts) {
    const isSpecial = recovery.untilMs === undefined && recovery.command !== undefined;
    if (!isSpecial) continue;
    const what = kind === undefined ? printable(name) : `${singular(kind)} ${printable(name)}`;
    lines.push(`  ${what}: ${recovery.sentence}: ${recovery.command}`);
  }
  const lost = acts.filter(
    ({ recovery, outcome }) => outcome === 'removed' && !recovery.possible && recovery.command === undefined,
  );
  if (lost.length > 0)
    lines.push(
      `  ${formatCount(lost.length, 'item')} cannot be put back: freed (prodigy clean why tells of each)`,
    );
  if (isUnfinished) {
    const unless = summary.ended === undefined ? ', unless it is still under way' : '';
    lines.push(`  it can be taken up${unless}: prodigy clean resume ${summary.run}`);
  }
  return lines.length === 0 ? [] : [colours.bold('Since then, and now'), ...lines];
}
