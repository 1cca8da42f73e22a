import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { clean } from '../../src/commands/clean.ts';
import { parseRequest } from '../../src/commands/options.ts';
import { makeIds } from '../helpers/ids.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { check, Snapshot } from '../torture/checker.ts';
import { readJournal } from '../torture/checker-journal.ts';
import { Machine } from '../torture/machine.ts';
import { seeded } from '../torture/random.ts';
import { swiftDirectory } from '../torture/swift-directory.ts';

const nowMs = Date.UTC(2026, 5, 1, 12);
/** More than the list of a plan has in one batch of the journal. */
const items = 1_100;
const request = parseRequest(['all'], { allRepos: true, force: true, jsonl: true, undo: false });

/** @returns how many lists of plans stand in the journal, some of them cut short */
async function killAfter(t: ExecutionContext, batch: number, top: string): Promise<number> {
  const machine = new Machine({ top, random: seeded(1), nowMs, loss: 'none', isJournalOnSameVolume: false });
  const { home, root } = machine;
  const maker = { home, root, dataRoot: root, nowMs, ids: makeIds(1) };
  const logs: string[] = [];
  for (let index = 0; index < items; index += 1) logs.push(await claudeLog(maker, { startedAgo: '60d' }));
  const before = Snapshot.take([root]);

  const killed = await machine.run((shell) => clean(request._unsafeUnwrap(), shell), {
    stop: { unit: 'batch', number: batch, when: 'after' },
  });
  t.true(killed.crashed);
  t.is(logs.filter((path) => existsSync(path)).length, items, 'it died before anything went');
  const again = await machine.run((shell) => clean(request._unsafeUnwrap(), shell));
  t.is(again.result?.unwrapOr(-1), 0, again.err);
  t.deepEqual(
    logs.filter((path) => existsSync(path)),
    [],
  );
  const violations = await check({
    roots: [root],
    journalDirectory: machine.journalDirectory,
    before,
    final: true,
  });
  t.deepEqual(violations, []);
  const { entries } = await readJournal(machine.journalDirectory);
  return entries.filter(({ event }) => event.type === 'PlanRecorded' && event.piece === 0).length;
}

test('a run that is killed anywhere in the writing of a long plan leaves nothing that the next one takes for a whole list', async (t) => {
  const lists: number[] = [];
  for (let batch = 3; batch <= 5; batch += 1) {
    lists.push(await swiftDirectory(temporaryDirectory(t), (top) => killAfter(t, batch, top)));
  }
  t.true(lists.includes(2), 'one of them died in the middle of a list');
});
