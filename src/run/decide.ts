import { err, ok, type Result } from 'neverthrow';
import type { Event } from '../journal/event.ts';
import { unreachable } from '../model/invariant.ts';
import type { Command, PlanPiece, Refusal } from './command.ts';
import type { Run } from './run.ts';

export type Decision = Result<readonly Event[], Refusal>;

/** Answers a command with the events it causes, or says why not. Pure: same run, same command, same events. */
export function decide(command: Command, run: Run): Decision {
  if (run.phase === 'ended') return err({ type: 'run-ended' });
  switch (command.type) {
    case 'StartRun':
      return run.phase === 'new'
        ? ok([{ type: 'RunStarted', ...command.started }])
        : err({ type: 'run-already-started' });
    case 'RecordScan':
      return run.phase === 'looking' ? ok(command.events) : err(outOfTurn(run));
    case 'ListPlan':
      return run.phase === 'looking' ? ok(command.pieces.map(listed)) : err(outOfTurn(run));
    case 'RecordPlan':
      return run.phase === 'looking'
        ? ok([...command.pieces.map(listed), { type: 'RunPlanned', ...command.planned }])
        : err(outOfTurn(run));
    case 'ConfirmRun':
      return confirm(command, run);
    case 'DeclineRun':
      return run.phase === 'planned'
        ? ok([{ type: 'RunDeclined', how: command.how }])
        : err({ type: 'run-not-planned' });
    case 'RefuseRun':
      return run.phase === 'new' || run.phase === 'confirmed'
        ? err({ type: run.phase === 'new' ? 'run-not-started' : 'run-not-planned' })
        : ok([{ type: 'RunRefused', ...command.refused }]);
    case 'BeginRemoval':
      return beginRemoval(command, run);
    case 'EndRun':
      return run.phase === 'new'
        ? err({ type: 'run-not-started' })
        : ok([{ type: 'RunCompleted', ...command.completed }]);
    default:
      return unreachable(command);
  }
}

function outOfTurn(run: Run): Refusal {
  return { type: run.phase === 'new' ? 'run-not-started' : 'run-already-planned' };
}

function listed(piece: PlanPiece): Event {
  return { type: 'PlanRecorded', ...piece };
}

function confirm(command: Extract<Command, { type: 'ConfirmRun' }>, run: Run): Decision {
  if (run.phase !== 'planned' || run.plan === undefined) return err({ type: 'run-not-planned' });
  if (run.dryRun) return err({ type: 'dry-run' });
  const { type: _, how, notUndoable = [], ...undo } = command;
  const told = notUndoable.length === 0 ? {} : { notUndoable };
  return ok([{ type: 'RunConfirmed', plan: run.plan, how, ...run.planned, ...told, ...undo }]);
}

function beginRemoval({ intent }: Extract<Command, { type: 'BeginRemoval' }>, run: Run): Decision {
  if (run.dryRun) return err({ type: 'dry-run' });
  if (run.phase !== 'confirmed') return err({ type: 'run-not-confirmed' });
  if (run.underWay.has(intent.item)) return err({ type: 'item-already-under-way', item: intent.item });
  if (!run.plannedItems.has(intent.item)) return err({ type: 'item-not-planned', item: intent.item });
  return ok([intent]);
}
