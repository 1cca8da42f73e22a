import type { Entry } from '../journal/entry.ts';
import type { EventOf } from '../journal/event.ts';
import type { RunStarted, ScanCompleted } from '../journal/event-run.ts';
import type { Projection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';

/** One operation as a run carried it: everything that was journalled of it, in order. */
export type Act = {
  readonly op: string;
  readonly item: ItemId;
  /** Without the moves but the main one: they are for `resume`, and long. */
  readonly steps: Entry[];
};

/** One run from its first entry to its last, told by what it is about. */
export type RunReplay = {
  started?: RunStarted;
  readonly scans: Map<Kind, ScanCompleted>;
  /** Verdicts that differ from the last ones on record for their items: the others are only counted. */
  readonly verdicts: Entry[];
  readonly oddities: Entry[];
  planned?: EventOf<'RunPlanned'>;
  confirmed?: { readonly event: EventOf<'RunConfirmed'>; readonly atMs: number };
  readonly acts: Map<string, Act>;
  /** What belongs to no item: locks replaced, orphans found, other runs found dead, refusals. */
  readonly notes: Entry[];
  lastSeq: number;
  lastAtMs: number;
};

/** Folds the entries of one run, and no others. */
export function runReplay(run: string): Projection<RunReplay> {
  return {
    initial: () => ({
      scans: new Map(),
      verdicts: [],
      oddities: [],
      acts: new Map(),
      notes: [],
      lastSeq: -1,
      lastAtMs: 0,
    }),
    apply: (replay, entry) => {
      if (entry.run !== run) return replay;
      replay.lastSeq = entry.seq;
      replay.lastAtMs = entry.atMs;
      return tell(replay, entry);
    },
  };
}

function tell(replay: RunReplay, entry: Entry): RunReplay {
  const { event, op, atMs } = entry;
  switch (event.type) {
    case 'RunStarted':
      return Object.assign(replay, { started: event });
    case 'ScanCompleted':
      replay.scans.set(event.kind, event);
      break;
    case 'ItemKept':
    case 'ItemCondemned':
      replay.verdicts.push(entry);
      break;
    case 'OddityFound':
      replay.oddities.push(entry);
      break;
    case 'RunPlanned':
      return Object.assign(replay, { planned: event });
    case 'RunConfirmed':
      return Object.assign(replay, { confirmed: { event, atMs } });
    case 'PlanRecorded':
    case 'RunCompleted':
      break;
    default:
      if (op === undefined || !('item' in event)) replay.notes.push(entry);
      else step(replay.acts, op, event.item, entry);
  }
  return replay;
}

function step(acts: Map<string, Act>, op: string, item: ItemId, entry: Entry): void {
  const { event } = entry;
  const act = acts.get(op) ?? { op, item, steps: [] };
  acts.set(op, act);
  const short = event.type === 'RemovalIntended' ? { ...event, moves: event.moves.slice(-1) } : event;
  act.steps.push({ ...entry, event: short });
}
