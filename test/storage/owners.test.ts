import { hostname } from 'node:os';
import test from 'ava';
import { logsCleaner } from '../../src/cleaners/logs.ts';
import { ownerFacts } from '../../src/storage/owners.ts';
import { readProcessTable } from '../../src/storage/processes.ts';
import { readStorage } from '../../src/storage/storage.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';

test('a session may own more items than fit on a stack', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '90d', endedAgo: '90d' });
  const cwd = `${home.root}/worktrees/app/${id}`;
  await claudeLog(home, { startedAgo: '60d', cwd });
  const [ownPid, readProcesses] = [process.pid, readProcessTable];
  const { nowMs } = home;
  const storage = await readStorage({ roots: [home.root], nowMs, host: hostname(), ownPid, readProcesses });
  const [log] = logsCleaner.find(storage);
  t.deepEqual(log?.owners, [`session:${id}`]);
  const all = Array.from({ length: 300_000 }, () => log ?? []).flat();
  const facts = ownerFacts(storage, all, new Map()).get(`session:${id}`);
  t.is(facts?.lastSignMs, log?.youngestSignMs);
});
