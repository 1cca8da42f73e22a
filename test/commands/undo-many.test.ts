import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { putBackAtOnce } from '../../src/cleaners/undo-held.ts';
import { clean } from '../../src/commands/clean.ts';
import { parseRequest } from '../../src/commands/options.ts';
import { resume } from '../../src/commands/resume.ts';
import { undo } from '../../src/commands/undo.ts';
import { makeIds } from '../helpers/ids.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { check } from '../torture/checker.ts';
import { readJournal } from '../torture/checker-journal.ts';
import type { Loss } from '../torture/crash-fs.ts';
import { Machine, quarantined, type Ran, type Stop } from '../torture/machine.ts';
import { seeded } from '../torture/random.ts';
import { swiftDirectory } from '../torture/swift-directory.ts';

const nowMs = Date.UTC(2026, 5, 1, 12);
/** More than are put back at once. */
const items = putBackAtOnce + 40;
const request = parseRequest(['logs'], { allRepos: true, force: true })._unsafeUnwrap();

/** `told`: how many the journal knows to be back. */
type Death = { readonly loss: Loss; readonly stop: Stop; readonly told: number };

type World = { readonly machine: Machine; readonly logs: readonly string[]; readonly run: string };

/**
 * A storage whose logs were all removed by one run, and are held.
 *
 * @param stop - where the run died, if it did
 */
async function heldLogs(top: string, loss: Loss, stop?: Stop): Promise<World> {
  const machine = new Machine({ top, random: seeded(1), nowMs, loss, isJournalOnSameVolume: false });
  const { home, root } = machine;
  const maker = { home, root, dataRoot: root, nowMs, ids: makeIds(1) };
  const logs: string[] = [];
  for (let index = 0; index < items; index += 1) logs.push(await claudeLog(maker, { startedAgo: '60d' }));
  machine.disk.everythingIsDurable();
  const ran = await machine.run((shell) => clean(request, shell), { stop });
  const { entries } = await readJournal(machine.journalDirectory);
  const started = entries.find(({ event }) => event.type === 'RunStarted');
  if (ran.crashed !== (stop !== undefined) || started?.run === undefined) throw new Error(ran.err);
  return { machine, logs, run: started.run };
}

function undoIn({ machine, run }: World, stop?: Stop): Promise<Ran> {
  return machine.run((shell) => undo(run, {}, shell), { stop });
}

function resumeIn({ machine }: World): Promise<Ran> {
  return machine.run((shell) => resume({ run: undefined, output: 'jsonl', acceptClock: false }, shell));
}

function inPlace({ logs }: World): number {
  return logs.filter((path) => existsSync(path)).length;
}

/** Dies in an undo; then what is to finish it does, and journal and disk agree. */
async function endsWell(t: ExecutionContext, death: Death, isResumed: boolean, top: string): Promise<void> {
  const { loss, stop } = death;
  const world = await heldLogs(top, loss);
  const { machine } = world;
  const killed = await undoIn(world, stop);
  t.true(killed.crashed);
  const back = inPlace(world);
  let expected = items;
  if (isResumed) {
    const resumed = await resumeIn(world);
    t.is(resumed.result?.unwrapOr(-1), 0, resumed.err);
    t.is(inPlace(world), back, 'what somebody wanted back is not taken again');
    expected -= back;
  } else {
    expected -= death.told;
  }
  const again = await undoIn(world);
  t.is(again.result?.unwrapOr(-1), expected > 0 ? 0 : 1, `${again.out}${again.err}`);
  if (expected > 0) t.regex(again.out, new RegExp(`^✓ Put back ${expected} logs?,`));
  t.is(inPlace(world), items);
  const { root, journalDirectory } = machine;
  t.deepEqual(await check({ roots: [root], journalDirectory, final: true }), []);
}

const deaths: readonly Death[] = [
  // Before and after what is told of the first ones, and of the rest.
  { loss: 'none', stop: { unit: 'batch', number: 2, when: 'before' }, told: 0 },
  { loss: 'directories', stop: { unit: 'batch', number: 2, when: 'before' }, told: 0 },
  { loss: 'directories', stop: { unit: 'batch', number: 2, when: 'after' }, told: putBackAtOnce },
  { loss: 'directories', stop: { unit: 'batch', number: 3, when: 'after' }, told: items },
  // Among the calls that give them their names again, and those that take the other names away.
  { loss: 'none', stop: { unit: 'step', number: 120, when: 'after' }, told: 0 },
  { loss: 'directories', stop: { unit: 'step', number: 301, when: 'after' }, told: 0 },
  { loss: 'directories', stop: { unit: 'step', number: 480, when: 'after' }, told: 0 },
];

for (const death of deaths) {
  const { loss, stop } = death;
  const what = `an undo of many that dies ${stop.when} ${stop.unit} ${stop.number}, with the power lost for ${loss},`;
  for (const isResumed of [true, false]) {
    test(`${what} is ended by ${isResumed ? 'resume and ' : ''}a second one (P5)`, async (t) => {
      await swiftDirectory(temporaryDirectory(t), (top) => endsWell(t, death, isResumed, top));
    });
  }
}

test('what was put back out of a run that had died is not taken by its resume', async (t) => {
  await swiftDirectory(temporaryDirectory(t), async (top) => {
    // What it held is on record, its end is not.
    const world = await heldLogs(top, 'none', { unit: 'batch', number: 6, when: 'after' });
    t.is(inPlace(world), 0);
    const ran = await undoIn(world);
    t.is(ran.result?.unwrapOr(-1), 0, ran.err);
    t.is(inPlace(world), items);
    const resumed = await resumeIn(world);
    t.is(resumed.result?.unwrapOr(-1), 0, resumed.err);
    t.is(inPlace(world), items);
  });
});

test('what has taken the place of one of many is left alone, and the others come back (P8)', async (t) => {
  await swiftDirectory(temporaryDirectory(t), async (top) => {
    const world = await heldLogs(top, 'none');
    const taken = world.logs[7] ?? '';
    writeFileSync(taken, 'somebody else');
    const ran = await undoIn(world);
    t.is(ran.result?.unwrapOr(-1), 3, ran.err);
    t.regex(ran.out, new RegExp(`^✓ Put back ${items - 1} logs`));
    t.true(ran.out.includes(`its place is taken: ${taken}`), ran.out);
    t.is(readFileSync(taken, 'utf8'), 'somebody else');
    t.is(world.logs.filter((path) => existsSync(path)).length, items);
    const { root, journalDirectory } = world.machine;
    t.deepEqual(await check({ roots: [root], journalDirectory, final: false }), []);
  });
});

test('what is gone from quarantine is not said to be back because something else has its name (P5)', async (t) => {
  await swiftDirectory(temporaryDirectory(t), async (top) => {
    const world = await heldLogs(top, 'none');
    const { machine, logs } = world;
    const [held = ''] = quarantined(machine.root);
    rmSync(held);
    for (const path of logs) writeFileSync(path, 'somebody else');
    const ran = await undoIn(world);
    t.is(ran.result?.unwrapOr(-1), 3, ran.err);
    t.true(ran.out.includes(`it is no longer in quarantine: ${held}`), ran.out);
    t.false(ran.out.includes('Put back'));
    t.is(quarantined(machine.root).length, items - 1);
  });
});
