import { kinds } from '../model/kind.ts';
import { least } from '../model/least.ts';
import { adviceFor } from './errno-words.ts';
import { sumOf } from './run-line.ts';
import { actViews, causeIn, type ActView, type ReplayView } from './replay-view.ts';
import { formatIso } from './format.ts';

/** The document of `log show --json`. Keys may be added, never renamed; bytes are integers, times UTC. */
export function replayDocument(view: ReplayView): Record<string, unknown> {
  const { summary, replay, plan, aftermath, resumedBy, isUnfinished } = view;
  const { scope, policy, ended } = summary;
  const acts = actViews(view);
  const totals = Object.values(ended?.totals ?? {});
  const held = acts.flatMap(({ recovery }) => recovery.untilMs ?? []);
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
    verdicts: replay.verdicts.map(({ seq, atMs, event }) => ({ seq, at: formatIso(atMs), ...event })),
    oddities: replay.oddities.map(({ seq, atMs, event }) => ({ seq, at: formatIso(atMs), ...event })),
    notes: replay.notes.map(({ seq, atMs, event }) => ({ seq, at: formatIso(atMs), ...event })),
    plan:
      replay.planned === undefined
        ? null
        : {
            id: replay.planned.plan,
            items: replay.planned.items,
            bytes: replay.planned.bytes,
            list: plan.map(({ item, bytes, head }) => ({
              item,
              bytes,
              ...(head === undefined ? {} : { head }),
            })),
          },
    confirmed:
      replay.confirmed === undefined
        ? null
        : { how: replay.confirmed.event.how, at: formatIso(replay.confirmed.atMs) },
    acts: acts.map(actDocument),
    failures: acts.flatMap(failureDocument),
    predicted: summary.planned,
    removed: sumOf(totals.map(({ removed }) => removed)),
    heldForUndo: sumOf(totals.map((total) => total.held)),
    totals: ended?.totals ?? {},
    ...(ended?.freeBefore === undefined
      ? {}
      : { freeBytes: { before: ended.freeBefore, after: ended.freeAfter ?? ended.freeBefore } }),
    since: aftermath.map(({ op, run, seq, atMs, event }) => ({
      seq,
      at: formatIso(atMs),
      run,
      op,
      ...event,
    })),
    undo:
      held.length === 0
        ? null
        : {
            items: held.length,
            until: formatIso(least(held)),
            command: `prodigy clean undo ${summary.run}`,
          },
    resume: isUnfinished ? { command: `prodigy clean resume ${summary.run}` } : null,
  };
}

function actDocument({ act, kind, name, bytes, outcome, recovery }: ActView): Record<string, unknown> {
  return {
    op: act.op,
    item: act.item,
    kind,
    name,
    bytes,
    outcome,
    steps: act.steps.map(({ seq, atMs, event }) => ({ seq, at: formatIso(atMs), event: event.type })),
    recovery: recoveryDocument(recovery),
  };
}

export function recoveryDocument({ untilMs, ...recovery }: ActView['recovery']): Record<string, unknown> {
  return { ...recovery, ...(untilMs === undefined ? {} : { until: formatIso(untilMs) }) };
}

function failureDocument({ item, kind, failure }: ActView): readonly Record<string, unknown>[] {
  if (failure === undefined) return [];
  const { code, path } = causeIn(failure);
  return [{ item, kind, code, path, next: adviceFor(code, path) }];
}
