import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { clean } from '../../src/commands/clean.ts';
import { parseRequest } from '../../src/commands/options.ts';
import { makeIds } from '../helpers/ids.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { Machine, quarantined, type Fate } from '../torture/machine.ts';
import { seeded } from '../torture/random.ts';

const nowMs = Date.UTC(2026, 5, 1, 12);
const minuteMs = 60_000;
const request = parseRequest(['all'], { allRepos: true, force: true, jsonl: true });

async function run(t: ExecutionContext, machine: Machine, fate: Fate = {}): Promise<void> {
  const ran = await machine.run((shell) => clean(request._unsafeUnwrap(), shell), fate);
  t.is(ran.result?.unwrapOr(-1), 0, ran.err);
}

test('what is held goes at the end of the run during which its time is over', async (t) => {
  const top = temporaryDirectory(t);
  const machine = new Machine({ top, random: seeded(1), nowMs, loss: 'none', isJournalOnSameVolume: false });
  const { home, root } = machine;
  const maker = { home, root, dataRoot: root, nowMs, ids: makeIds(1) };
  const first = await claudeLog(maker, { startedAgo: '60d' });
  await run(t, machine);
  t.false(existsSync(first));
  t.is(quarantined(root).length, 1);

  const second = await claudeLog(maker, { startedAgo: '60d' });
  machine.nowMs += machine.config().undoMs - 5 * minuteMs;
  let isSwept = false;
  await run(t, machine, {
    // The tables that are read while items are moved: it takes some minutes.
    onProcesses: (time) => {
      if (time < 2) return;
      isSwept = true;
      machine.nowMs += 10 * minuteMs;
    },
  });
  t.true(isSwept);
  t.false(existsSync(second));
  t.is(quarantined(root).length, 1, 'the second is held, the first is not any more');
});
