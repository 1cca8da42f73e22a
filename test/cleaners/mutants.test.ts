import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { isTerminal } from '../../src/storage/session-file.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { makeIds } from '../helpers/ids.ts';
import { jobIdOf, jobState } from '../helpers/job-artefacts.ts';
import { worktreeMetadata } from '../helpers/metadata-artefact.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { lookAt } from './look-at.ts';

type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** Ways in which a file goes bad. Each answers something that is not the original. */
const mutations: readonly ((text: string, random: Random) => string | Buffer)[] = [
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text, random) => {
    const bytes = Buffer.from(text);
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return bytes;
  },
  (text, random) =>
    Buffer.concat([
      Buffer.from(text.slice(0, Math.floor(random() * text.length))),
      Buffer.from([0xff, 0xfe, 0xc3]),
    ]),
  (text, random) => {
    const record = JSON.parse(text) as Record<string, unknown>;
    const odd = pick<unknown>(random, [
      null,
      1e308,
      -1,
      [],
      {},
      true,
      '',
      'x'.repeat(100_000),
      [[[[]]]],
      Number.MAX_VALUE,
    ]);
    record[pick(random, Object.keys(record))] = odd;
    return JSON.stringify(record);
  },
  (text, random) => {
    const record = JSON.parse(text) as Record<string, unknown>;
    delete record[pick(random, Object.keys(record))];
    return JSON.stringify(record);
  },
  (_, random) => {
    const depth = 1_000 + Math.floor(random() * 100_000);
    return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  },
  (text) => text.replaceAll(/"\d{4}-[^"]*"/g, '"0000-99-99T99:99:99Z"'),
  () => '',
  () => 'null',
  () => '[]',
  (text) => `${text}\n${text}`,
];

test('no mutant of any stored file makes a look fail, or makes something finished that cannot be understood', async (t) => {
  const { random } = makeIds(20_251_228);
  const home = await prodigyHome(t, {}, { seed: 7 });
  const ids: { id: string; mutant: string }[] = [];
  const jobs: { job: string; mutant: string }[] = [];
  const letters: string[] = [];
  const mutate = async (path: string): Promise<string> => {
    const text = await readFile(path, 'utf8');
    const mutant = pick(random, mutations)(text, random);
    await writeFile(path, mutant);
    return mutant.toString('latin1');
  };
  for (let index = 0; index < 60; index += 1) {
    const made = await session(home, { status: 'Completed', startedAgo: '60d', endedAgo: '59d' });
    ids.push({ id: made.id, mutant: await mutate(made.path) });

    const checkpoint = await workflowCheckpoint(home, {
      session: home.ids.session(),
      ago: '60d',
      workingDirectory: '/x',
    });
    await mutate(checkpoint);

    const { job, path } = await jobState(home, { repository: 'app', complete: true, updatedAgo: '60d' });
    jobs.push({
      job,
      mutant: await mutate(join(path, pick(random, ['metadata.json', 'checkpoint-v3.json']))),
    });

    const lettersJob = jobIdOf(home, `${index + 1}h`);
    const base = { layout: 'short', repository: 'app', job: lettersJob } as const;
    const directory = await deadLetters(home, {
      ...base,
      letters: [{ item: 'a', lastAttemptAgo: '60d', eligible: true }],
    });
    await mutate(join(directory, 'items', 'a.json'));
    letters.push(lettersJob);

    const name = home.ids.session();
    await mkdir(join(home.root, 'worktrees', 'app', name), { recursive: true });
    await mutate(await worktreeMetadata(home, { repository: 'app', id: name, createdAgo: '60d' }));
  }

  const seen = await lookAt(home);

  t.is(seen.of('sessions').length, 120);
  // Who owns anything is known: the policy asks for nobody in vain.
  for (const { owners } of seen.look.items) t.true(owners.every((owner) => seen.look.owners.has(owner)));
  for (const { id, mutant } of ids) {
    const { record } = seen.session(id);
    if (record.state === 'read' && isTerminal(record.status))
      t.true(saysItself(mutant, id, 'status', record.status), mutant);
    else t.true(seen.one('sessions', id).rest.type !== 'ended', id);
    if (record.state === 'broken') t.true(seen.one('sessions', id).doubts.length > 0, id);
  }
  for (const { job, mutant } of jobs) {
    // What still parses may still be right; a file that does not parse never is.
    if (!parses(mutant)) {
      t.is(seen.job(job).state, 'broken', mutant.slice(0, 200));
      t.like(seen.one('state', job), { rest: { type: 'unfinished' }, detail: { complete: false } });
    }
  }
  for (const job of letters) {
    const item = seen.one('dlq', job);
    if (item.detail.type !== 'dlq') return t.fail();
    // It was marked for retry: nobody may lose the mark without a doubt, except where the mark itself was changed.
    t.true(item.detail.pendingRetry === 1 || item.doubts.length > 0, job);
  }
  t.true(seen.of('worktrees').every(({ doubts }) => doubts.length > 0));
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The mutant, read as strictly as can be, claims this itself. */
function saysItself(text: string, id: string, field: string, value: string): boolean {
  if (!parses(text)) return false;
  const record = JSON.parse(text) as Record<string, unknown>;
  return record['id'] === id && record[field] === value;
}
