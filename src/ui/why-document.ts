import { pathOf } from '../model/item.ts';
import { ageBasisMs } from '../policy/age.ts';
import { recoveryDocument } from './replay-document.ts';
import { commandText } from './run-line.ts';
import type { WhyView } from './why-view.ts';
import { formatIso } from './format.ts';

/** The document of `why --json`. Keys may be added, never renamed; bytes are integers, times UTC. */
export function whyDocument({
  id,
  name,
  story,
  now,
  recovery,
  withoutJournal,
}: WhyView): Record<string, unknown> {
  return {
    schema: 'prodigy-clean/1',
    item: { id, kind: id.slice(0, id.indexOf(':')), name, path: pathOf(id) },
    story: story.map(({ recorded: { entry }, run }) => {
      const { type, ...data } = entry.event;
      return {
        seq: entry.seq,
        at: formatIso(entry.atMs),
        event: type,
        run: entry.run,
        ...(entry.op === undefined ? {} : { op: entry.op }),
        ...(run === undefined ? {} : { command: commandText(run), actor: run.actor }),
        data,
      };
    }),
    now: now === undefined ? null : nowDocument(now),
    recovery: recovery === undefined ? null : recoveryDocument(recovery),
    ...(withoutJournal === undefined ? {} : { withoutJournal }),
  };
}

function nowDocument({ item, verdict, release }: NonNullable<WhyView['now']>): Record<string, unknown> {
  const { afterMs, ...rest } = release;
  const agedFromMs = ageBasisMs(item);
  return {
    verdict: verdict.type,
    reason: verdict.reason,
    ...(verdict.type === 'remove' ? { proof: verdict.proof } : {}),
    evidence: verdict.evidence,
    ...(item.size === undefined ? {} : { bytes: item.size.bytes }),
    ...(Number.isFinite(agedFromMs) ? { agedFrom: formatIso(agedFromMs) } : {}),
    repository: item.repository ?? null,
    release: { ...rest, ...(afterMs === undefined ? {} : { after: formatIso(afterMs) }) },
  };
}
