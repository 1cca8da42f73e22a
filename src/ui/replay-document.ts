import { ok, type Result } from 'neverthrow';
import type { Entry } from '../journal/entry.ts';
import { removalOf } from '../journal/event-removal.ts';
import type { PlannedItem } from '../journal/event-run.ts';
import type { JournalFailure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import type { Act, Part, RunReplay } from '../projections/run-replay.ts';
import { adviceFor } from './errno-words.ts';
import { formatIso } from './format.ts';
import { fieldsText, inPages, listText } from './json-pieces.ts';
import {
  sumsOf,
  viewOfAct,
  type ActView,
  type Pages,
  type ReplaySource,
  type ReplayView,
} from './replay-view.ts';
import type { Recovery } from './recovery.ts';
import { sumOf } from './run-line.ts';

/**
 * The document of `log show --json`, piece by piece. Keys may be added, never renamed; bytes are integers, times UTC.
 */
export async function* replayDocument(
  view: ReplayView,
  source: ReplaySource,
): AsyncGenerator<Result<string, JournalFailure>> {
  const { summary, replay, isUnfinished } = view;
  const { acts, planned, confirmed } = replay;
  const entriesOf = (part: Part): Pages<Entry> => source.entries([part]);
  yield ok(`{${fieldsText(beginning(view)).slice(1)}`);
  yield* listText({ verdicts: [] }, entriesOf('verdicts'), entryDocument);
  yield* listText({ oddities: [] }, entriesOf('oddities'), entryDocument);
  yield* listText({ notes: [] }, entriesOf('notes'), entryDocument);
  if (planned === undefined) yield ok(fieldsText({ plan: null }));
  else {
    const { plan: id, items, bytes } = planned;
    yield* listText({ plan: { id, items, bytes, list: [] } }, source.plan(), plannedDocument);
  }
  yield ok(
    fieldsText({
      confirmed: confirmed === undefined ? null : { how: confirmed.event.how, at: formatIso(confirmed.atMs) },
    }),
  );
  yield* listText({ acts: [] }, inPages(acts.values()), (act) => actDocument(act, replay));
  yield* listText({ failures: [] }, inPages(failed(acts.values())), (act) =>
    failureDocument(viewOfAct(act, replay)),
  );
  yield ok(fieldsText(totalsOf(summary)));
  yield* listText({ since: [] }, source.since(), sinceDocument);
  yield ok(
    fieldsText({
      undo: undoDocument(view),
      resume: isUnfinished ? { command: `prodigy clean resume ${summary.run}` } : null,
    }),
  );
  yield ok('\n}\n');
}

function beginning({ summary, replay, resumedBy }: ReplayView): Record<string, unknown> {
  const { scope, policy, ended } = summary;
  return {
    schema: 'prodigy-clean/1',
    run: summary.run,
    command: summary.command,
    argv: summary.argv,
    dryRun: summary.dryRun,
    actor: summary.actor,
    startedAt: formatIso(summary.startedAtMs),
    ...(ended === undefined
      ? { lastEntryAt: formatIso(summary.lastAtMs) }
      : { endedAt: formatIso(ended.atMs) }),
    entries: { from: summary.startedSeq, to: summary.lastSeq },
    outcome: ended?.outcome ?? (summary.interruptedBy === undefined ? 'open' : 'interrupted'),
    ...(ended === undefined ? {} : { exitCode: ended.exitCode }),
    ...(summary.refusedBy === undefined ? {} : { refusedBy: summary.refusedBy }),
    ...(summary.resumeOf === undefined ? {} : { resumeOf: summary.resumeOf }),
    ...(summary.applies === undefined ? {} : { applies: summary.applies }),
    resumedBy,
    scope,
    policy: {
      hash: policy.hash,
      now: formatIso(policy.nowMs),
      windowMs: policy.windowMs,
      mergedOnly: policy.mergedOnly,
      ...(policy.keepLast === undefined ? {} : { keepLast: policy.keepLast }),
      ...(policy.freeBytes === undefined ? {} : { freeBytes: policy.freeBytes }),
      ...(policy.maxDelete === undefined ? {} : { maxDelete: policy.maxDelete }),
      retentionMs: policy.retentionMs,
      cutoffs: Object.fromEntries(kinds.map((kind) => [kind, formatIso(policy.cutoffMs[kind])])),
    },
    found: Object.fromEntries(
      [...replay.scans].map(([kind, scan]) => {
        const { type: _, kind: __, ...rest } = scan;
        return [kind, rest];
      }),
    ),
  };
}

function entryDocument({ seq, atMs, event }: Entry): Record<string, unknown> {
  return { seq, at: formatIso(atMs), ...event };
}

function plannedDocument({ item, bytes, head }: PlannedItem): Record<string, unknown> {
  return { item, bytes, ...(head === undefined ? {} : { head }) };
}

function actDocument(act: Act, replay: RunReplay): Record<string, unknown> {
  const { item, kind, name, bytes, outcome, recovery } = viewOfAct(act, replay);
  return {
    op: act.op,
    item,
    kind,
    name,
    bytes,
    outcome,
    steps: replay.steps
      .upTo(act.lastStep)
      .map(({ seq, atMs, type }) => ({ seq, at: formatIso(atMs), event: type })),
    recovery: recoveryDocument(recovery),
  };
}

export function recoveryDocument({ untilMs, ...recovery }: Recovery): Record<string, unknown> {
  return { ...recovery, ...(untilMs === undefined ? {} : { until: formatIso(untilMs) }) };
}

function* failed(acts: Iterable<Act>): Generator<Act> {
  for (const act of acts) if (act.failure !== undefined) yield act;
}

function failureDocument({ item, kind, failure }: ActView): Record<string, unknown> {
  const { code = '', path = '' } = failure ?? {};
  return { item, kind, code, path, next: adviceFor(code, path) };
}

function totalsOf({ planned, ended }: ReplayView['summary']): Record<string, unknown> {
  const totals = Object.values(ended?.totals ?? {});
  return {
    predicted: planned,
    removed: sumOf(totals.map(({ removed }) => removed)),
    heldForUndo: sumOf(totals.map(({ held }) => held)),
    totals: ended?.totals ?? {},
    ...(ended?.freeBefore === undefined
      ? {}
      : { freeBytes: { before: ended.freeBefore, after: ended.freeAfter ?? ended.freeBefore } }),
  };
}

function sinceDocument({ seq, atMs, run = '', op = '', event }: Entry): Record<string, unknown> {
  return { seq, at: formatIso(atMs), run, op: removalOf(op), ...event };
}

function undoDocument({ summary, replay }: ReplayView): Record<string, unknown> | null {
  const { items, untilMs } = sumsOf(replay).held;
  return items === 0
    ? null
    : { items, until: formatIso(untilMs), command: `prodigy clean undo ${summary.run}` };
}
