import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import test from 'ava';
import { openJournal } from '../../src/journal/open.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { journalOptions, noonMs, opened, remark, remarks, written } from './journal-options.ts';
import { spawnJournal } from './spawn-journal.ts';

async function details(journal: Journal): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of journal.entries()) {
    const { event } = entry._unsafeUnwrap();
    found.push(event.type === 'OddityFound' ? event.detail : event.type);
  }
  return found;
}

async function failure(directory: string, more = {}): Promise<{ readonly type: string }> {
  return (await openJournal(journalOptions(directory, more)))._unsafeUnwrapErr();
}

test('a journal is born with its genesis, its identity and its reserve', async (t) => {
  const directory = join(temporaryDirectory(t), 'clean', 'journal');
  const journal = await opened(directory);
  t.deepEqual(readdirSync(directory).sort(), ['db', 'identity.json', 'reserve', 'reserve-files']);
  t.like(journal.head, { seq: 0, runs: 0 });
  t.like(JSON.parse(readFileSync(join(directory, 'identity.json'), 'utf8')), {
    journalId: journal.journalId,
    createdAt: new Date(noonMs).toISOString(),
    format: 2,
    host: 'here',
  });
  t.deepEqual(await details(journal), ['JournalCreated']);
  await journal.close();
});

test('what was appended is there after closing, in order, with its places', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await opened(directory);
  const entries = (await first.append([remark('a'), remark('b')]))._unsafeUnwrap();
  t.deepEqual(
    entries.map(({ seq, atMs }) => [seq, atMs]),
    [
      [1, noonMs],
      [2, noonMs],
    ],
  );
  await first.close();
  const second = await opened(directory);
  t.deepEqual(await details(second), ['JournalCreated', 'a', 'b']);
  t.deepEqual(second.head, first.head);
  t.is(second.journalId, first.journalId);
  await second.close();
});

test('concurrent appends keep their order and get one number each', async (t) => {
  const journal = await opened(temporaryDirectory(t));
  const pending = Array.from({ length: 50 }, (_, index) =>
    journal.append(remarks(index * 10, index * 10 + 10)),
  );
  const appended = (await Promise.all(pending)).flatMap((entries) => entries._unsafeUnwrap());
  t.deepEqual(
    appended.map(({ seq }) => seq),
    Array.from({ length: 500 }, (_, index) => index + 1),
  );
  await journal.close();
});

test('an append that was asked for before closing is still made', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  const pending = Promise.all([journal.append(remarks(0, 300)), journal.append([remark('last')])]);
  await journal.close();
  t.true((await pending).every((appended) => appended.isOk()));
  t.is((await journal.append([remark('late')]))._unsafeUnwrapErr().type, 'journal-dead');
  const again = await opened(directory);
  t.is(again.head.seq, 301);
  await again.close();
});

test('a long append is written in order in several batches', async (t) => {
  const journal = await opened(temporaryDirectory(t));
  await journal.append(remarks(0, 1000));
  t.deepEqual(
    (await details(journal)).slice(1),
    remarks(0, 1000).map((_, index) => `${index}`),
  );
  await journal.close();
});

test('a range is read from both ends', async (t) => {
  const journal = await opened(temporaryDirectory(t));
  await journal.append(remarks(1, 2001));
  const seqs = async (range: object): Promise<number[]> => {
    const found: number[] = [];
    for await (const entry of journal.entries(range)) found.push(entry._unsafeUnwrap().seq);
    return found;
  };
  t.deepEqual(await seqs({ from: 1998 }), [1998, 1999, 2000]);
  t.deepEqual(await seqs({ to: 1 }), [0, 1]);
  t.deepEqual((await seqs({ reverse: true })).slice(0, 2), [2000, 1999]);
  t.is((await seqs({ reverse: true })).length, 2001);
  t.deepEqual(await seqs({ from: 3000 }), []);
  await journal.close();
});

test('two openings in one process are refused, under another spelling too', async (t) => {
  const root = temporaryDirectory(t);
  const journal = await opened(join(root, 'journal'));
  symlinkSync(join(root, 'journal'), join(root, 'link'));
  t.is((await failure(join(root, 'journal'))).type, 'journal-locked');
  t.is((await failure(join(root, 'link'))).type, 'journal-locked');
  await journal.close();
  await (await opened(join(root, 'link'))).close();
});

test('another process that has it open is respected', async (t) => {
  const directory = temporaryDirectory(t);
  const holder = spawnJournal('hold', directory);
  await holder.nextLine();
  t.deepEqual(holder.lines, ['open 0']);
  t.is((await failure(directory)).type, 'journal-locked');
  holder.child.kill('SIGKILL');
  await holder.ended;
  await (await opened(directory)).close();
});

test('a database whose CURRENT is lost is not created anew, and its tables are kept', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 2000));
  await journal.close();
  await (await opened(directory)).close();
  const tables = (): string[] => readdirSync(join(directory, 'db')).filter((name) => name.endsWith('.ldb'));
  const before = tables();
  t.true(before.length > 0);
  unlinkSync(join(directory, 'db', 'CURRENT'));
  t.is((await failure(directory)).type, 'journal-damaged');
  t.deepEqual(tables(), before);
  t.false(existsSync(join(directory, 'db', 'CURRENT')));
});

test('an identity without its database is not given a new one', async (t) => {
  const directory = temporaryDirectory(t);
  await (await opened(directory)).close();
  renameSync(join(directory, 'db'), join(directory, 'elsewhere'));
  t.is((await failure(directory)).type, 'journal-damaged');
  t.false(existsSync(join(directory, 'db')));
});

test('an anchor without anything else is a journal that was lost', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 5));
  await journal.close();
  renameSync(join(directory, 'db'), join(directory, 'elsewhere'));
  unlinkSync(join(directory, 'identity.json'));
  t.like(await failure(directory), { type: 'journal-truncated', anchorSeq: 5, headSeq: -1 });
  const accepted = await opened(directory, { acceptTruncation: true });
  t.deepEqual(await details(accepted), ['JournalCreated', 'TailTruncatedDetected']);
  await accepted.close();
});

test('a tail that the anchor knows and the database lost is told, and accepted only on request', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 3));
  await journal.close();
  writeFileSync(join(directory, 'anchor.json'), JSON.stringify({ seq: 9, hash: 'f'.repeat(64), at: '' }));
  t.like(await failure(directory), { type: 'journal-truncated', anchorSeq: 9, headSeq: 3 });
  const accepted = await opened(directory, { acceptTruncation: true });
  t.is((await details(accepted)).at(-1), 'TailTruncatedDetected');
  await accepted.close();
  await (await opened(directory)).close();
});

test('a history that was rewritten does not fit its anchor', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 3));
  await journal.close();
  writeFileSync(join(directory, 'anchor.json'), JSON.stringify({ seq: 2, hash: 'f'.repeat(64), at: '' }));
  t.like(await failure(directory), { type: 'journal-damaged', seq: 2 });
});

const tampered = test.macro({
  exec: async (t, key: string, change: (value: string) => string | undefined, expected: object) => {
    const directory = temporaryDirectory(t);
    await written(directory, 3);
    const level = new Level(join(directory, 'db'));
    const value = change((await level.get(key)) ?? '');
    await (value === undefined ? level.del(key) : level.put(key, value));
    await level.close();
    t.like(await failure(directory), expected);
  },
  title: (what) => `${what} is found at opening`,
});

test('an edited entry', tampered, 'e!0000000000000002', (v: string) => v.replace('"1"', '"2"'), {
  type: 'journal-damaged',
  seq: 2,
});
test('a removed entry', tampered, 'e!0000000000000002', () => undefined, { type: 'journal-damaged', seq: 2 });
test('an entry after the head', tampered, 'e!0000000000000004', () => 'x', { type: 'journal-damaged' });
test('a lost head', tampered, 'a!head', () => undefined, { type: 'journal-damaged' });
test('a newer format', tampered, 'm!format', () => '3', { type: 'journal-newer', format: 3, supported: 2 });

test('an identity of another journal is noticed', async (t) => {
  const root = temporaryDirectory(t);
  for (const name of ['a', 'b']) await (await opened(join(root, name))).close();
  writeFileSync(join(root, 'a', 'identity.json'), readFileSync(join(root, 'b', 'identity.json')));
  t.is((await failure(join(root, 'a'))).type, 'journal-damaged');
});

const crashed = test.macro({
  exec: async (t, step: string) => {
    const directory = temporaryDirectory(t);
    const process = spawnJournal('birth', directory, step);
    await process.ended;
    t.deepEqual(process.lines, []);
    const journal = await opened(directory);
    t.deepEqual(await details(journal), ['JournalCreated']);
    await journal.close();
    t.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('db')),
      ['db'],
    );
    await (await opened(directory)).close();
  },
  title: (_, step: string) => `a birth that ends after ${step} leaves nothing that the next opening minds`,
});

test(crashed, 'scratch-made');
test(crashed, 'database-made');
test(crashed, 'genesis-written');
test(crashed, 'genesis-synced');
test(crashed, 'renamed');
test(crashed, 'rename-synced');

test('a left-over db.tmp is discarded', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'db.tmp'));
  writeFileSync(join(directory, 'db.tmp', 'CURRENT'), 'MANIFEST-000002\n');
  await (await opened(directory)).close();
  t.false(existsSync(join(directory, 'db.tmp')));
});

test('a database without identity that does not verify from its genesis is left alone', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 3000));
  await journal.close();
  unlinkSync(join(directory, 'identity.json'));
  const level = new Level(join(directory, 'db'));
  await level.del('e!0000000000000005');
  await level.close();
  t.like(await failure(directory), { type: 'journal-damaged', seq: 5 });
  t.false(existsSync(join(directory, 'identity.json')));
});

test('births at the same time make one journal', async (t) => {
  const directory = temporaryDirectory(t);
  const several = [1, 2, 3, 4].map(() => spawnJournal('open', directory));
  for (const one of several) one.child.unref();
  await Promise.all(several.map(({ ended }) => ended));
  for (const { lines } of several) t.regex(lines[0] ?? '', /^open 0$|"journal-locked"/);
  const journal = await opened(directory);
  t.deepEqual(await details(journal), ['JournalCreated']);
  await journal.close();
});

test('many short runs leave few files', async (t) => {
  const directory = temporaryDirectory(t);
  for (let run = 0; run < 66; run += 1) {
    const journal = await opened(directory, { seams: { reserveBytes: 1 } });
    await journal.append([runStarted]);
    await journal.close();
  }
  const journal = await opened(directory);
  t.is(journal.head.runs, 66);
  await journal.close();
  const tables = readdirSync(join(directory, 'db')).filter((name) => name.endsWith('.ldb'));
  t.true(tables.length <= 40, `${tables.length} tables`);
});

const perKind = { events: 1, logs: 1, dlq: 1, state: 1, sessions: 1, worktrees: 1 };
const runStarted = {
  run: 'run',
  event: {
    type: 'RunStarted',
    command: 'clean',
    argv: [],
    dryRun: false,
    scope: { allRepositories: true, repositories: [], roots: [], kinds: [] },
    policy: { nowMs: 0, retentionMs: perKind, cutoffMs: perKind, windowMs: 0, mergedOnly: false, hash: '' },
    actor: { user: 'u', uid: 1, host: 'here', pid: 1, terminal: false },
  },
} as const;
