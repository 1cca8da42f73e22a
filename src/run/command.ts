import type { ItemId } from '../model/item.ts';
import type { Event } from '../journal/event.ts';
import type {
  PlanRecorded,
  RunCompleted,
  RunConfirmed,
  RunDeclined,
  RunPlanned,
  RunRefused,
  RunStarted,
} from '../journal/event-run.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';

export type PlanPiece = Omit<PlanRecorded, 'type'>;

/** What can be asked of a run. Commands are never stored. */
export type Command =
  | { readonly type: 'StartRun'; readonly started: Omit<RunStarted, 'type'> }
  /** What was found and decided; refused after the plan. */
  | { readonly type: 'RecordScan'; readonly events: readonly Event[] }
  /** The first pieces of a plan too long to be put on record at once. */
  | { readonly type: 'ListPlan'; readonly pieces: readonly PlanPiece[] }
  /** `pieces`: the last of its list; none when the same list is on record already. */
  | {
      readonly type: 'RecordPlan';
      readonly pieces: readonly PlanPiece[];
      readonly planned: Omit<RunPlanned, 'type'>;
    }
  | ({ readonly type: 'ConfirmRun' } & Pick<RunConfirmed, 'how' | 'notUndoable' | 'undoMs' | 'undoBytes'>)
  | { readonly type: 'DeclineRun'; readonly how: RunDeclined['how'] }
  | { readonly type: 'RefuseRun'; readonly refused: Omit<RunRefused, 'type'> }
  | { readonly type: 'BeginRemoval'; readonly intent: RemovalIntended }
  | { readonly type: 'EndRun'; readonly completed: Omit<RunCompleted, 'type'> };

export type Refusal =
  | { readonly type: 'run-already-started' }
  | { readonly type: 'run-not-started' }
  | { readonly type: 'run-not-planned' }
  | { readonly type: 'run-already-planned' }
  | { readonly type: 'run-not-confirmed' }
  | { readonly type: 'run-ended' }
  | { readonly type: 'dry-run' }
  | { readonly type: 'item-not-planned'; readonly item: ItemId }
  | { readonly type: 'item-already-under-way'; readonly item: ItemId };
