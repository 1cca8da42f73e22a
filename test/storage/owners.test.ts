import { hostname } from 'node:os';
import test from 'ava';
import { logsCleaner } from '../../src/cleaners/logs.ts';
import { ownerFacts } from '../../src/storage/owners.ts';
import { readProcessTable } from '../../src/storage/processes.ts';
import { readStorage } from '../../src/storage/storage.ts';
import { lookAt } from '../cleaners/look-at.ts';
import { msAgo, prodigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { setTimes } from '../helpers/write-tree.ts';

test('the last sign of a session is the youngest of what it owns, also when nothing in there says so', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Running', startedAgo: '90d' });
  const { path } = await eventDirectory(home, { repository: id, startedAgo: '90d', records: 2 });
  await setTimes(path, msAgo(home, '1h'));
  const { lastSignMs } = (await lookAt(home)).session(id);
  t.true(Math.abs(lastSignMs - msAgo(home, '1h')) < 2, new Date(lastSignMs).toISOString());
});

test('a session may own more items than fit on a stack', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '90d', endedAgo: '90d' });
  const cwd = `${home.root}/worktrees/app/${id}`;
  await claudeLog(home, { startedAgo: '60d', cwd });
  const [ownPid, readProcesses] = [process.pid, readProcessTable];
  const { nowMs } = home;
  const storage = await readStorage({
    roots: [home.root],
    nowMs,
    host: hostname(),
    ownPid,
    readProcesses,
    places: [],
  });
  const [log] = logsCleaner.find(storage);
  t.deepEqual(log?.owners, [`session:${id}`]);
  const all = Array.from({ length: 300_000 }, () => log ?? []).flat();
  const facts = ownerFacts(storage, all, new Map()).get(`session:${id}`);
  t.is(facts?.lastSignMs, log?.youngestSignMs);
});
