import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readCheckpointFolder } from '../../src/storage/checkpoint.ts';
import { readJobState } from '../../src/storage/job.ts';
import { readMapping } from '../../src/storage/mapping.ts';
import { isPlainId } from '../../src/storage/names.ts';
import { see, type Seen } from '../../src/storage/see.ts';
import { readSession } from '../../src/storage/session-file.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { jobState, mapping } from '../helpers/job-artefacts.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';

const plain = ['workflow-1764118326168', 'session-mapreduce-20250101_000000', '.dotted', 'a b', 'ü', '..a'];
const halfCharacter = '\ud800';
const odd = [
  '',
  '.',
  '..',
  '../x',
  '/etc/passwd',
  'a/b',
  'a\\b',
  'a\0b',
  'a\nb',
  'a\u0085b',
  halfCharacter,
  'x'.repeat(201),
  'ü'.repeat(101),
];
const job = 'mapreduce-20250101_000000';

test('an id is one plain component of a path', (t) => {
  for (const id of plain) t.true(isPlainId(id), JSON.stringify(id));
  for (const id of odd) t.false(isPlainId(id), JSON.stringify(id));
  t.true(isPlainId('x'.repeat(200)));
});

/** What is not even text is no part of a record; what is text and no id is told by its field. */
function doubtAbout(id: unknown, field: string): { readonly reason: string; readonly detail: string } {
  return id === halfCharacter
    ? { reason: 'unreadable', detail: 'half a character' }
    : { reason: 'unknown-format', detail: `odd ${field}` };
}

async function patch(path: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...record, ...fields }));
}

function at(path: string): Seen {
  const seen = see(path)._unsafeUnwrap();
  if (seen === undefined) throw new Error(`nothing at ${path}`);
  return seen;
}

test('a mapping that names what is no id is not understood', async (t) => {
  const home = await prodigyHome(t);
  const spec = { repository: 'app', session: 'workflow-1764118326168', job, ago: '90d' };
  const [path] = await mapping(home, spec);
  t.is((await readMapping(path, spec.session)).state, 'read');
  for (const field of ['session_id', 'job_id']) {
    for (const id of odd) {
      await patch(path, { session_id: spec.session, job_id: job, [field]: id });
      const doubt = doubtAbout(id, field);
      t.like(await readMapping(path, spec.session), { state: 'broken', doubt }, JSON.stringify(id));
    }
  }
});

test('a session that names as its job what is no id is not understood', async (t) => {
  const home = await prodigyHome(t);
  const { path, id } = await session(home, { status: 'Completed', startedAgo: '90d', endedAgo: '90d' });
  for (const fine of [null, {}, { job_id: null }]) {
    await patch(path, { mapreduce_data: fine });
    t.like(await readSession(path, id), { state: 'read', value: { job: undefined } });
  }
  await patch(path, { mapreduce_data: { job_id: job } });
  t.like(await readSession(path, id), { state: 'read', value: { job } });
  for (const bad of [...odd, 7]) {
    await patch(path, { mapreduce_data: { job_id: bad } });
    const doubt = doubtAbout(bad, 'mapreduce_data.job_id');
    t.like(await readSession(path, id), { state: 'broken', doubt }, JSON.stringify(bad));
  }
});

test('job state whose parent is no name is not understood', async (t) => {
  const home = await prodigyHome(t);
  const stateFor = async (parentWorktree: string): Promise<unknown> => {
    const { path } = await jobState(home, {
      repository: 'app',
      job,
      complete: true,
      updatedAgo: '90d',
      parentWorktree,
    });
    return (await readJobState(at(path), job)).state;
  };
  t.is(await stateFor('/home/u/.prodigy/worktrees/app/workflow-1764118326168'), 'complete');
  t.is(await stateFor('/home/u/..'), 'broken');
  t.is(await stateFor('a\nb'), 'broken');
});

test('a merge checkpoint whose name leads upwards is not understood', async (t) => {
  const home = await prodigyHome(t);
  const id = home.ids.workflow(0);
  await workflowCheckpoint(home, { session: id, ago: '90d', workingDirectory: '/x' });
  const folder = join(home.root, 'state', id, 'checkpoints');
  await writeFile(join(folder, 'merge-workflow-...checkpoint.json'), '{}');
  const { merges, doubts } = await readCheckpointFolder(at(folder));
  t.deepEqual(merges, []);
  t.like(doubts[0], { reason: 'unknown-format' });
});
