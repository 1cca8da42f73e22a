import { eventShapes } from '../../src/journal/event-shape.ts';
import type { Event, EventType } from '../../src/journal/event.ts';
import type { Command } from '../../src/run/command.ts';
import { decide } from '../../src/run/decide.ts';
import { evolveOperation } from '../../src/run/operation.ts';
import { reconcile, type LastSaid, type NextStep, type SeenPart } from '../../src/run/reconcile.ts';
import { evolve, newRun, withPlannedItems, type Run } from '../../src/run/run.ts';
import { failed, intended, started } from '../projections/entries.ts';
import {
  commandTable,
  dryTable,
  operationStates,
  operationTable,
  originals,
  pairTable,
  phaseAfter,
  phases,
  quarantines,
  said,
  singleTable,
  wordOf,
} from './model-tables.ts';
import { possible, type Suite, type Trial } from './suite.ts';

const eventTypes = Object.keys(eventShapes) as EventType[];

/** Compares one answer of the code with the table's. */
type Ask = (what: string, is: string, should: string) => void;

/** Every state of an operation and every event there is. */
function operations(ask: Ask): void {
  for (const type of eventTypes) {
    const row = cells(operationTable[type] ?? operationStates.map(() => '-').join(' '));
    for (const [index, from] of operationStates.entries()) {
      // Only the type of an event decides.
      const next = evolveOperation(from, { type } as unknown as Event);
      ask(`${type} in state ${from}`, next.unwrapOr('-' as never), row[index] ?? '');
    }
  }
}

const { type: _started, ...startedBody } = started;
const planned = intended('planned', 1);
const unplanned = intended('unplanned', 1);

const commands: Readonly<Record<string, Command>> = {
  StartRun: { type: 'StartRun', started: startedBody },
  RecordScan: { type: 'RecordScan', events: [] },
  ListPlan: { type: 'ListPlan', pieces: [] },
  RecordPlan: { type: 'RecordPlan', pieces: [], planned: { plan: 'p', items: 0, bytes: 0 } },
  ConfirmRun: { type: 'ConfirmRun', how: 'force' },
  DeclineRun: { type: 'DeclineRun', how: 'answer' },
  RefuseRun: { type: 'RefuseRun', refused: { rule: 'r', detail: {} } },
  EndRun: { type: 'EndRun', completed: { outcome: 'completed', exitCode: 0, totals: {} } },
  BeginRemoval: { type: 'BeginRemoval', intent: planned },
  'BeginRemoval unplanned': { type: 'BeginRemoval', intent: unplanned },
  'BeginRemoval under way': { type: 'BeginRemoval', intent: planned },
};

function runIn(phase: Run['phase'], dryRun: boolean): Run {
  if (phase === 'new') return withPlannedItems(newRun, [planned.item]);
  const ways: Readonly<Record<Exclude<Run['phase'], 'new'>, readonly Event[]>> = {
    looking: [],
    planned: [plannedEvent],
    confirmed: [plannedEvent, confirmedEvent],
    ended: [plannedEvent, { type: 'RunDeclined', how: 'answer' }],
  };
  const events: readonly Event[] = [{ ...started, dryRun }, ...ways[phase]];
  return withPlannedItems(events.reduce(evolve, newRun), [planned.item]);
}
const plannedEvent: Event = { type: 'RunPlanned', plan: 'p', items: 1, bytes: 1 };
const confirmedEvent: Event = { type: 'RunConfirmed', plan: 'p', how: 'force', items: 1, bytes: 1 };

/** Every phase of a run, dry or not, and every command there is; then every event, and the phase it leads to. */
function runs(ask: Ask): void {
  for (const dryRun of [false, true]) {
    for (const [index, phase] of phases.entries()) {
      for (const [name, command] of Object.entries(commands)) {
        const row = cells((dryRun ? dryTable[name] : undefined) ?? commandTable[name] ?? '');
        const run = runIn(phase, dryRun);
        if (name.endsWith('under way')) evolve(run, intended('planned', 1));
        ask(`${name} in phase ${phase}${dryRun ? ', dry' : ''}`, answerOf(command, run), row[index] ?? '');
        run.underWay.clear();
        newRun.underWay.clear();
      }
      for (const type of eventTypes) {
        const event = { ...eventOf(type) };
        const next = evolve({ ...runIn(phase, dryRun), underWay: new Set() }, event);
        ask(`${type} in phase ${phase} leads to`, next.phase, phaseAfter[type] ?? phase);
      }
    }
  }
  for (const isRetryable of [false, true]) {
    const run = runIn('confirmed', false);
    for (const event of [intended('planned', 1), failed('planned', isRetryable)]) evolve(run, event);
    const should = isRetryable ? 'yes' : 'item-already-under-way';
    ask(`BeginRemoval after a failure, retryable: ${isRetryable}`, answerOf(beginPlanned, run), should);
  }
}
const beginPlanned: Command = { type: 'BeginRemoval', intent: planned };

function eventOf(type: EventType): Event {
  return { type, item: 'x', dryRun: false, plan: 'p', items: 1, bytes: 1 } as unknown as Event;
}

function answerOf(command: Command, run: Run): string {
  const decision = decide(command, run);
  return decision.isOk() ? 'yes' : decision.error.type;
}

/** Everything that can be seen of an item of one part and of two, after everything the journal can have said last. */
function recoveries(ask: Ask): void {
  const parts = quarantines.flatMap((quarantine) => originals.map((original) => ({ original, quarantine })));
  for (const last of said) {
    for (const part of parts) {
      const row = singleTable[`${part.quarantine} ${part.original}`];
      const step = reconcile(last, [part], 0);
      ask(`${last}, ${show(part)}`, step.type, row?.[last === 'intended' ? 0 : 1] ?? '');
      for (const other of parts) {
        for (const main of [0, 1]) {
          const both = [part, other];
          const is = told(reconcile(last, both, main));
          ask(`${last}, ${both.map(show).join(' and ')}, main ${main}`, is, shouldBe(last, both, main));
        }
      }
    }
  }
}

function shouldBe(last: LastSaid, parts: readonly SeenPart[], main: number): string {
  const words = parts.map(wordOf);
  const where = (...wanted: string[]): string =>
    words.flatMap((word, index) => (wanted.includes(word) ? [index] : [])).join();
  if (words.includes('foreign')) return `report-foreign ${where('foreign')}`;
  if (words.includes('unknown')) return `report-unknown ${where('unknown')}`;
  const row = pairTable[words.toSorted().join(' ')] ?? ['', '', ''];
  const step = row[last === 'intended' ? 0 : last === 'quarantined' ? 1 : 2];
  if (step === '*') return words[main] === 'in-place' ? 'decide-again' : 'record-drifted';
  return step.startsWith('put-back') ? `${step} ${where('moved')}` : step;
}

function told(step: NextStep): string {
  const next = 'next' in step ? ` ${step.next}` : '';
  return `${step.type}${next}${'parts' in step ? ` ${step.parts.join()}` : ''}`;
}

function show({ original, quarantine }: SeenPart): string {
  return `${quarantine} in quarantine and ${original} in place`;
}

function cells(row: string): readonly string[] {
  return row.trim().split(/\s+/);
}

const tables = [operations, runs, recoveries] as const;

function trial(seed: number): Promise<Trial> {
  const violations: { rule: string; detail: string }[] = [];
  let transitions = 0;
  tables[seed % tables.length]?.((what, is, should) => {
    transitions += 1;
    if (is !== should) violations.push({ rule: 'J4', detail: `${what}: ${is}, should be ${should}` });
  });
  return Promise.resolve({ violations, counts: { transitions } });
}

/** T1: what is legal, all of it. A seed is one of the three tables. */
export const suite: Suite = {
  id: 'T1',
  title: 'model: every state and every event',
  trials: tables.length,
  slice: tables.length,
  hindrance: possible,
  trial,
};
