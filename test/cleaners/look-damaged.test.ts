import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { mergeCheckpoint, workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { jobIdOf, jobState, mapping } from '../helpers/job-artefacts.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { eventDirectory } from '../helpers/trace-artefacts.ts';
import { lookAt } from './look-at.ts';

test('a file that speaks of somebody else is in doubt (P3)', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  const path = await workflowCheckpoint(home, { session: id, ago: '39d', workingDirectory: '/nowhere' });
  await rename(path, join(dirname(path), 'workflow-1764118326168.checkpoint.json'));
  const job = jobIdOf(home, '40d');
  const letters = [{ item: 'item_1', lastAttemptAgo: '39d' }];
  const directory = await deadLetters(home, { layout: 'short', repository: 'app', job, letters });
  await rename(join(directory, 'items', 'item_1.json'), join(directory, 'items', 'item_2.json'));
  const seen = await lookAt(home);
  t.is(seen.session(id).checkpointDoubt?.detail, 'another workflow inside');
  t.is(seen.one('dlq', job).doubts[0]?.detail, 'another item inside');
});

test('a list is no object, and a directory no record, whatever its name', async (t) => {
  const home = await prodigyHome(t);
  const patch = { metadata: [] };
  const odd = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d', patch });
  const { id, path } = await session(home, { status: 'Completed', startedAgo: '50d', endedAgo: '49d' });
  await rm(path);
  await mkdir(path);
  const seen = await lookAt(home);
  t.is(seen.session(odd.id).record.state, 'broken');
  t.is(seen.session(id).record.state, 'broken');
});

test('a mapping that cannot be read may have named any job of its repository', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Paused', startedAgo: '40d' });
  const { job } = await jobState(home, { repository: 'app', complete: true, updatedAgo: '40d' });
  const other = await jobState(home, { repository: 'other', complete: true, updatedAgo: '41d' });
  const [ofSession, ofJob] = await mapping(home, { repository: 'app', session: id, job, ago: '40d' });
  await rm(ofJob);
  await writeFile(ofSession, '{');
  const linked = (await lookAt(home)).look.links.map((link) => link.join(' '));
  t.true(linked.includes(`session:${id} job:${job}`));
  t.false(linked.some((link) => link.includes(other.job)));

  await rename(ofSession, ofJob);
  t.is((await lookAt(home)).job(job).doubt?.path, ofJob);
});

test('a merge is told by the name of its checkpoint alone', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  const path = await mergeCheckpoint(home, { repository: 'app', worktree: id, ago: '39d' });
  await rm(path);
  await symlink('/nowhere', path);
  t.is((await lookAt(home)).session(id).mergeCheckpoint, path);
});

test('who cannot say when he began is tied to the events that fit nobody else', async (t) => {
  const home = await prodigyHome(t);
  const broken = await session(home, { status: 'Running', startedAgo: '40d', mapreduce: true, cutTo: 0.5 });
  const known = await session(home, { status: 'Paused', startedAgo: '50d' });
  const ours = await eventDirectory(home, { repository: 'app', startedAgo: '45d' });
  const ms = home.nowMs - known.startedAtMs + 4_000;
  const theirs = await eventDirectory(home, { repository: 'app', startedAgo: `${ms}ms` });
  const seen = await lookAt(home);
  t.deepEqual(seen.one('events', ours.id).owners, [`session:${broken.id}`]);
  t.deepEqual(seen.one('events', theirs.id).owners, [`session:${known.id}`]);
});
