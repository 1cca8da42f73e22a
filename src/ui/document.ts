import type { KindTotals, RunOutcome } from '../journal/event-run.ts';
import type { Kind } from '../model/kind.ts';
import { obstacleWords } from '../model/obstacle.ts';
import type { FailureView } from './result-text.ts';
import type { BranchView, ItemView, RunView } from './view.ts';
import { adviceFor, causeIn } from './errno-words.ts';
import { formatIso } from './format.ts';
import { barredOf } from './undo-outlook.ts';

export type ItemResult = 'removed' | 'kept' | 'failed' | 'drifted' | 'planned' | 'remaining';

export type ItemResultView = {
  readonly outcome: ItemResult;
  readonly heldUntilMs?: number;
  /** Until when undo can put it back, from quarantine or from git. */
  readonly undoUntilMs?: number;
  readonly branches?: readonly BranchView[];
};

export type DocumentInput = {
  readonly view: RunView;
  readonly outcome: RunOutcome;
  readonly exitCode: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly totals: Readonly<Partial<Record<Kind, KindTotals>>>;
  readonly results: ReadonlyMap<string, ItemResultView>;
  readonly failures: readonly FailureView[];
  /** What was planned and stayed, and why. */
  readonly drifted?: readonly { readonly name: string; readonly why: string }[];
  readonly freeBefore: number | undefined;
  readonly freeAfter: number | undefined;
  /** What a reader has to know to trust the rest. */
  readonly notes?: readonly string[];
};

type Usage = { items: number; bytes: number };

/** The one document of `--json` (DESIGN 6). Keys may be added, never renamed; bytes are integers, times UTC. */
export function runDocument(input: DocumentInput): Record<string, unknown> {
  return { ...withoutItems(input), items: input.view.items.map((item) => itemOf(item, input)) };
}

/** How many items are printed at a time. */
const itemsAtOnce = 64;

const listBegins = '{\n  "items": [';
const listEnds = '\n  ]\n}';

/** The same as text, piece by piece: of a hundred thousand items no more than a few are in memory. */
export function* documentText(input: DocumentInput): Generator<string> {
  const text = JSON.stringify(withoutItems(input), null, 2);
  const { items } = input.view;
  // No text within the document has a line of its own, and no other list stands so far to the left.
  const at = text.indexOf('\n  "items": []') + '\n  "items": ['.length;
  if (items.length > 0) yield text.slice(0, at);
  for (let from = 0; from < items.length; from += itemsAtOnce) {
    // In a list of the same name, so that they are printed as far to the right as they stand in the document.
    const slice = { items: items.slice(from, from + itemsAtOnce).map((item) => itemOf(item, input)) };
    const texts = JSON.stringify(slice, null, 2).slice(listBegins.length, -listEnds.length);
    yield `${from === 0 ? '' : ','}${texts}`;
  }
  yield items.length > 0 ? `\n  ${text.slice(at)}\n` : `${text}\n`;
}

/** The document with an empty list in the place of its items. */
function withoutItems(input: DocumentInput): Record<string, unknown> {
  const { view, totals } = input;
  const before: Record<string, Usage> = {};
  const after: Record<string, Usage> = {};
  const kinds: Record<string, unknown> = {};
  const sum = { before: { items: 0, bytes: 0 }, after: { items: 0, bytes: 0 }, removed: 0, held: 0 };
  for (const kind of view.scope.kinds) {
    const total = totals[kind];
    if (total === undefined) continue;
    // In a dry run the estimate: everything that is condemned goes.
    const gone = view.dryRun ? condemned(view.items, kind) : total.removed;
    before[kind] = { ...total.before };
    after[kind] = { items: total.before.items - gone.items, bytes: total.before.bytes - gone.bytes };
    for (const [side, of] of [['before', before] as const, ['after', after] as const]) {
      sum[side].items += of[kind]?.items ?? 0;
      sum[side].bytes += of[kind]?.bytes ?? 0;
    }
    sum.removed += total.removed.bytes;
    sum.held += total.held.bytes;
    kinds[kind] = {
      scanned: total.scanned,
      kept: total.kept,
      condemned: total.condemned,
      removed: total.removed.items,
      failed: total.failed,
      drifted: total.drifted,
      bytesReclaimed: total.removed.bytes,
      bytesHeldForUndo: total.held.bytes,
    };
  }
  return {
    schema: 'prodigy-clean/1',
    run: view.run,
    plan: view.plan,
    ...(view.applies === undefined ? {} : { applies: view.applies }),
    outcome: input.outcome,
    exitCode: input.exitCode,
    dryRun: view.dryRun,
    startedAt: formatIso(input.startedAtMs),
    endedAt: formatIso(input.endedAtMs),
    cutoffs: Object.fromEntries(view.scope.kinds.map((kind) => [kind, formatIso(view.cutoffMs[kind] ?? 0)])),
    scope: {
      allRepositories: view.scope.allRepositories,
      repositories: view.scope.repositories.map(({ name, path }) =>
        path === undefined ? { name } : { name, path },
      ),
      roots: view.scope.roots,
      kinds: view.scope.kinds,
    },
    before: { ...before, total: sum.before },
    after: { ...after, total: sum.after },
    kinds,
    items: [],
    ...(input.drifted === undefined
      ? {}
      : { drifted: input.drifted.map(({ name, why }) => ({ name, why })) }),
    outOfScope: view.outOfScope,
    oddities: view.oddities,
    ...(input.notes === undefined || input.notes.length === 0 ? {} : { notes: input.notes }),
    ...notUndoable(view),
    reclaimedBytes: sum.removed,
    heldForUndoBytes: sum.held,
    ...(input.freeBefore === undefined
      ? {}
      : { freeBytes: { before: input.freeBefore, after: input.freeAfter ?? input.freeBefore } }),
    failures: input.failures.map(({ item, kind, code, path, detail, closed }) => ({
      item,
      kind,
      code,
      path,
      cause: causeIn({ code, detail }),
      next: adviceFor(code, path, closed),
      ...(detail === undefined ? {} : { detail }),
    })),
  };
}

function condemned(items: readonly ItemView[], kind: Kind): Usage {
  const going = items.filter((item) => item.kind === kind && item.verdict === 'remove');
  return { items: going.length, bytes: going.reduce((total, { bytes }) => total + bytes, 0) };
}

/** What of it could not be, or was not, held for undo or made again, by the cause; nothing where there is none. */
function notUndoable({ items }: RunView): Record<string, unknown> {
  const barred = barredOf(items);
  return barred.length === 0
    ? {}
    : { notUndoable: barred.map((one) => ({ why: one.why, items: one.items, bytes: one.bytes })) };
}

function itemOf(item: ItemView, { results, view }: DocumentInput): Record<string, unknown> {
  const result = results.get(item.id);
  const untouched = item.verdict === 'keep' ? 'kept' : view.dryRun ? 'planned' : 'remaining';
  return {
    id: item.id,
    kind: item.kind,
    name: item.name,
    path: item.path,
    ...(item.repository === undefined ? {} : { repository: item.repository }),
    bytes: item.bytes,
    ...(item.ageMs === undefined ? {} : { ageMs: item.ageMs }),
    verdict: item.verdict,
    reason: item.reason,
    ...(item.proof === undefined ? {} : { proof: item.proof }),
    evidence: item.evidence,
    ...(item.obstacle === undefined ? {} : { notUndoable: obstacleWords(item.obstacle) }),
    outcome: result?.outcome ?? untouched,
    ...(result?.branches === undefined ? {} : { branches: result.branches }),
    ...(result?.heldUntilMs === undefined ? {} : { heldUntil: formatIso(result.heldUntilMs) }),
    ...(result?.undoUntilMs === undefined ? {} : { undoUntil: formatIso(result.undoUntilMs) }),
  };
}
