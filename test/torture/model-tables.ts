import type { EventType } from '../../src/journal/event.ts';
import type { OperationState } from '../../src/run/operation.ts';
import type { LastSaid, NextStep, SeenPart } from '../../src/run/reconcile.ts';
import type { Run } from '../../src/run/run.ts';

/** What is legal, written down a second time and by another hand than the code's: where both differ, one is wrong. */

const states = ['none', 'restoring', 'intended', 'quarantined', 'purging', 'blocked', 'ended'] as const;
export const operationStates: readonly OperationState[] = states;

/** Where an event leads from each of {@link operationStates}, in their order; `-` is illegal. Any other event is illegal everywhere. */
export const operationTable: Readonly<Partial<Record<EventType, string>>> = {
  //                none      restoring intended    quarantined purging  blocked ended
  RemovalIntended: 'intended  -         -           -           -        -       -',
  UndoIntended: '   restoring -         -           -           -        -       -',
  SnapshotTaken: '  -         -         intended    -           -        -       -',
  ItemQuarantined: '-         -         quarantined -           -        -       -',
  ItemDrifted: '    -         -         ended       -           -        -       -',
  ItemVanished: '   -         -         ended       -           -        -       -',
  ItemFailed: '     -         ended     ended       ended       -        -       -',
  PutBackBlocked: ' -         -         intended    quarantined -        -       -',
  PurgeStarted: '   -         -         -           purging     purging  purging -',
  PurgeBlocked: '   -         -         -           blocked     blocked  blocked -',
  ItemRemoved: '    -         -         -           ended       ended    ended   -',
  ItemRestored: '   -         ended     ended       ended       ended    ended   -',
  RenameRedone: '   -         -         -           quarantined purging  blocked -',
  PurgeRedone: '    -         -         -           -           -        -       ended',
};

export const phases: readonly Run['phase'][] = ['new', 'looking', 'planned', 'confirmed', 'ended'];

/**
 * What a command is answered in each of {@link phases}, in their order: `yes`, or the refusal. In a dry run the
 * answers of `dryTable` come first.
 */
export const commandTable: Readonly<Record<string, string>> = {
  //                        new              looking             planned             confirmed               ended
  StartRun:
    '               yes              run-already-started run-already-started run-already-started     run-ended',
  RecordScan:
    '             run-not-started  yes                 run-already-planned run-already-planned     run-ended',
  ListPlan:
    '               run-not-started  yes                 run-already-planned run-already-planned     run-ended',
  RecordPlan:
    '             run-not-started  yes                 run-already-planned run-already-planned     run-ended',
  ConfirmRun:
    '             run-not-planned  run-not-planned     yes                 run-not-planned         run-ended',
  DeclineRun:
    '             run-not-planned  run-not-planned     yes                 run-not-planned         run-ended',
  RefuseRun:
    '              run-not-started  yes                 yes                 run-not-planned         run-ended',
  EndRun:
    '                 run-not-started  yes                 yes                 yes                     run-ended',
  BeginRemoval:
    '           run-not-confirmed run-not-confirmed  run-not-confirmed   yes                     run-ended',
  'BeginRemoval unplanned':
    'run-not-confirmed run-not-confirmed run-not-confirmed   item-not-planned        run-ended',
  'BeginRemoval under way':
    'run-not-confirmed run-not-confirmed run-not-confirmed   item-already-under-way  run-ended',
};

/** Instead, when the run is dry. It has no phase `new`: what has not begun is not dry yet. */
export const dryTable: Readonly<Record<string, string>> = {
  ConfirmRun:
    '             run-not-planned  run-not-planned     dry-run             run-not-planned         run-ended',
  BeginRemoval:
    '           run-not-confirmed dry-run            dry-run             dry-run                 run-ended',
  'BeginRemoval unplanned':
    'run-not-confirmed dry-run           dry-run             dry-run                 run-ended',
  'BeginRemoval under way':
    'run-not-confirmed dry-run           dry-run             dry-run                 run-ended',
};

/** The phase after an event; those not named leave it as it is. */
export const phaseAfter: Readonly<Partial<Record<EventType, Run['phase']>>> = {
  RunStarted: 'looking',
  RunPlanned: 'planned',
  RunConfirmed: 'confirmed',
  RunDeclined: 'ended',
  RunRefused: 'ended',
  RunCompleted: 'ended',
};

export const said: readonly LastSaid[] = ['intended', 'quarantined', 'purging', 'blocked'];
export const originals: readonly SeenPart['original'][] = ['absent', 'same', 'changed', 'other', 'unknown'];
export const quarantines: readonly SeenPart['quarantine'][] = ['absent', 'same', 'other', 'unknown'];

type Step = NextStep['type'];

/** JOURNAL 3.4 for an item of one part: what lies in quarantine, then what lies in its place, to what follows. */
export const singleTable: Readonly<Record<string, readonly [afterIntent: Step, afterFact: Step]>> = {
  'absent absent': ['record-vanished', 'record-removed'],
  'absent same': ['decide-again', 'record-restored'],
  'absent changed': ['record-drifted', 'record-restored'],
  'absent other': ['record-drifted', 'record-removed'],
  'absent unknown': ['report-unknown', 'report-unknown'],
  'same absent': ['record-quarantined', 'purge'],
  'same same': ['record-quarantined', 'purge'],
  'same changed': ['record-quarantined', 'purge'],
  'same other': ['record-quarantined', 'purge'],
  'same unknown': ['record-quarantined', 'purge'],
  'other absent': ['report-foreign', 'report-foreign'],
  'other same': ['report-foreign', 'report-foreign'],
  'other changed': ['report-foreign', 'report-foreign'],
  'other other': ['report-foreign', 'report-foreign'],
  'other unknown': ['report-foreign', 'report-foreign'],
  'unknown absent': ['report-unknown', 'report-unknown'],
  'unknown same': ['report-unknown', 'report-unknown'],
  'unknown changed': ['report-unknown', 'report-unknown'],
  'unknown other': ['report-unknown', 'report-unknown'],
  'unknown unknown': ['report-unknown', 'report-unknown'],
};

/** What a part alone would need, as a word: `moved in-place changed replaced gone foreign unknown`. */
export type PartWord = 'moved' | 'in-place' | 'changed' | 'replaced' | 'gone' | 'foreign' | 'unknown';

export function wordOf({ original, quarantine }: SeenPart): PartWord {
  if (quarantine === 'unknown') return 'unknown';
  if (quarantine === 'other') return 'foreign';
  if (quarantine === 'same') return 'moved';
  const words = {
    absent: 'gone',
    same: 'in-place',
    changed: 'changed',
    other: 'replaced',
    unknown: 'unknown',
  };
  return words[original] as PartWord;
}

/** The two parts' words in alphabetical order, to what follows the intent, and what follows the fact; `*`: by the main part. */
export const pairTable: Readonly<
  Record<string, readonly [afterIntent: string, afterFact: string, afterPurge: string]>
> = {
  'changed changed': ['record-drifted', 'record-restored', 'record-restored'],
  'changed gone': ['record-drifted', 'record-restored', 'record-restored'],
  'changed in-place': ['record-drifted', 'record-restored', 'record-restored'],
  'changed moved': ['put-back record-drifted', 'put-back record-restored', 'purge'],
  'changed replaced': ['record-drifted', 'record-restored', 'record-restored'],
  'gone gone': ['record-vanished', 'record-removed', 'record-removed'],
  'gone in-place': ['*', 'record-restored', 'record-restored'],
  'gone moved': ['record-quarantined', 'purge', 'purge'],
  'gone replaced': ['record-drifted', 'record-removed', 'record-removed'],
  'in-place in-place': ['decide-again', 'record-restored', 'record-restored'],
  'in-place moved': ['put-back decide-again', 'put-back record-restored', 'purge'],
  'in-place replaced': ['record-drifted', 'record-restored', 'record-restored'],
  'moved moved': ['record-quarantined', 'purge', 'purge'],
  'moved replaced': ['put-back record-drifted', 'purge', 'purge'],
  'replaced replaced': ['record-drifted', 'record-removed', 'record-removed'],
};
