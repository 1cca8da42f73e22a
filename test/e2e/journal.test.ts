import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import test from 'ava';
import { takeRunLock } from '../../src/storage/run-lock.ts';
import { json, jsonLines, repositoryTop } from '../helpers/run-prodigy.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { opened, remarks } from '../journal/journal-options.ts';
import { clean, inQuarantine, journalOf, makeShop, type Shop } from './shop.ts';

const journalIn = ({ home }: Shop): string => join(home.dataRoot, 'clean', 'journal');

/** A storage with one old log. Answers its path. */
async function oneLog(shop: Shop): Promise<string> {
  return claudeLog(shop.home, { startedAgo: '40d' });
}

async function edit(shop: Shop, work: (level: Level) => Promise<unknown>): Promise<void> {
  const level = new Level(join(journalIn(shop), 'db'));
  await work(level);
  await level.close();
}

const entryKey = (seq: number): string => `e!${String(seq).padStart(16, '0')}`;

test('verify says that a journal is sound, in text and as one document', async (t) => {
  const shop = await makeShop(t);
  t.is((await clean(shop, ['log', 'verify'])).stdout, 'There is no journal yet.\n');
  await oneLog(shop);
  await clean(shop, ['logs', '--force', '--all-repos']);
  const text = await clean(shop, ['log', 'verify']);
  t.is(text.exitCode, 0);
  t.regex(text.stdout, /^✓ \d+ entries, every one in its place\.$/m);
  t.regex(text.stdout, /1 item under way or held for undo, each where the journal has it/);
  const document = json(await clean(shop, ['log', 'verify', '--json']));
  t.like(document, { sound: true, exitCode: 0, firstBadSeq: null, findings: [], openOperations: 1 });
  t.like(document['head'], { seq: (document['entries'] as number) - 1 });
});

test('what is not where the journal has it is found', async (t) => {
  const shop = await makeShop(t);
  await oneLog(shop);
  await clean(shop, ['logs', '--force', '--all-repos']);
  const quarantine = join(shop.home.root, 'clean', 'quarantine');
  const [id = ''] = readdirSync(quarantine);
  const [held = ''] = inQuarantine(shop);
  renameSync(join(quarantine, id, held), join(quarantine, id, 'stranger'));
  const ran = await clean(shop, ['log', 'verify', '--json']);
  t.is(ran.exitCode, 1);
  const findings = json(ran)['findings'] as { type: string; path: string }[];
  t.deepEqual(
    findings.map(({ type, path }) => [type, path.slice(path.lastIndexOf('/') + 1)]),
    [
      ['part-missing', held],
      ['quarantine-unknown', 'stranger'],
    ],
  );
  renameSync(join(quarantine, id, 'stranger'), join(quarantine, id, held));
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('while a run is under way the quarantine is not compared', async (t) => {
  const shop = await makeShop(t);
  await oneLog(shop);
  await clean(shop, ['logs', '--force', '--all-repos']);
  const lock = await lockAll(shop);
  const ran = await clean(shop, ['log', 'verify']);
  t.is(ran.exitCode, 0);
  t.regex(ran.stdout, /a run is under way/);
  await lock();
});

async function lockAll({ home }: Shop): Promise<() => Promise<void>> {
  const { hostname } = await import('node:os');
  const who = { host: hostname(), command: 'a test', nowIso: '', refugesOf: () => Promise.resolve([]) };
  const lock = (await takeRunLock([...new Set([home.dataRoot, home.root])], who))._unsafeUnwrap();
  return lock.release;
}

test('an anchor that was kept elsewhere gives away what was cut off', async (t) => {
  const shop = await makeShop(t);
  await oneLog(shop);
  await clean(shop, ['--all', '--dry-run']);
  const early = join(shop.top, 'early');
  cpSync(journalIn(shop), early, { recursive: true });
  await clean(shop, ['logs', '--dry-run', '--all-repos']);
  const line = (await clean(shop, ['log', 'anchor'])).stdout;
  t.regex(line, /^prodigy-clean-anchor \S+ \d+ [0-9a-f]{64} \S+Z\n$/);
  t.like(json(await clean(shop, ['log', 'anchor', '--json'])), { seq: Number(line.split(' ')[2]) });

  const file = join(shop.top, 'anchor.txt');
  writeFileSync(file, `# kept\n${line}`);
  t.is((await clean(shop, ['log', 'verify', '--anchor', line])).exitCode, 0);
  t.is((await clean(shop, ['log', 'verify', '--anchor', file])).exitCode, 0);
  t.regex(
    (await clean(shop, ['log', 'verify', '--anchor', '-'], { input: line })).stdout,
    /1 anchor that was kept elsewhere/,
  );
  t.is((await clean(shop, ['log', 'verify', '--anchor', line.slice(0, 60)])).exitCode, 2);
  const nonsense = await clean(shop, ['log', 'verify', '--anchor', 'nonsense']);
  t.is(nonsense.exitCode, 2);
  t.regex(nonsense.stderr, /That is no anchor: 'nonsense'[^]*accepted: the line that/);
  t.is((await clean(shop, ['log', 'verify', '--anchor', shop.top])).exitCode, 1);

  // The whole directory as it was before the run, its own anchor with it.
  rmSync(journalIn(shop), { recursive: true });
  cpSync(early, journalIn(shop), { recursive: true });
  t.is((await clean(shop, ['log', 'verify'])).stdout.includes('every one in its place'), true);
  const found = await clean(shop, ['log', 'verify', '--anchor', line, '--json']);
  t.is(found.exitCode, 1);
  t.true((json(found)['findings'] as { type: string }[]).some(({ type }) => type === 'kept-anchor-ahead'));

  const foreign = line.replace(/ \S+ /, ' AnotherJournal12345678 ');
  t.regex((await clean(shop, ['log', 'verify', '--anchor', foreign])).stdout, /of another journal/);
});

test('a tail that is missing is told, refused, and accepted only on request', async (t) => {
  const shop = await makeShop(t);
  await oneLog(shop);
  await clean(shop, ['logs', '--dry-run', '--all-repos']);
  const anchor = join(journalIn(shop), 'anchor.json');
  const { seq } = JSON.parse(readFileSync(anchor, 'utf8')) as { seq: number };
  writeFileSync(
    anchor,
    JSON.stringify({ seq: seq + 7, hash: 'f'.repeat(64), at: '2026-01-01T00:00:00.000Z' }),
  );
  const refused = await clean(shop, ['logs', '--force', '--all-repos']);
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /log verify --accept/);
  const told = await clean(shop, ['log', 'verify', '--json']);
  t.like(json(told), { exitCode: 1, firstBadSeq: seq + 1 });

  const accepted = await clean(shop, ['log', 'verify', '--accept']);
  t.is(accepted.exitCode, 0, accepted.stderr);
  t.regex(accepted.stdout, /Accepted/);
  t.like((await journalOf(shop)).at(-1), { type: 'TailTruncatedDetected' });
  t.is((await clean(shop, ['logs', '--force', '--all-repos'])).exitCode, 0);
});

test('a damaged journal stops every removal; repaired, it goes on, and what was held behind the hole can be undone', async (t) => {
  const shop = await makeShop(t);
  const log = await oneLog(shop);
  await clean(shop, ['logs', '--force', '--all-repos']);
  t.false(existsSync(log));
  const before = await journalOf(shop);
  const lostSeq = before.find(({ type }) => type === 'RunConfirmed')?.['seq'] as number;
  await edit(shop, async (level) => {
    await level.del(entryKey(lostSeq));
    // Else what was deleted is still there to be found.
    await (level as unknown as { compactRange(from: string, to: string): Promise<void> }).compactRange(
      '',
      '~',
    );
  });

  const next = await claudeLog(shop.home, { startedAgo: '50d' });
  const refused = await clean(shop, ['logs', '--force', '--all-repos']);
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /log repair/);
  t.true(existsSync(next));
  t.regex((await clean(shop, ['log', 'verify'])).stdout, new RegExp(`the first bad one is #${lostSeq}`));

  const contents = readdirSync(journalIn(shop)).sort();
  const unasked = await clean(shop, ['log', 'repair']);
  t.is(unasked.exitCode, 4);
  t.regex(unasked.stdout, new RegExp(`Lost: +\\d+ entries, #${lostSeq} to #${before.length - 1}`));
  t.deepEqual(readdirSync(journalIn(shop)).sort(), contents);

  const repaired = await clean(shop, ['log', 'repair', '--force', '--json']);
  t.is(repaired.exitCode, 0, repaired.stderr);
  t.like(json(repaired), {
    outcome: 'completed',
    kept: lostSeq,
    lost: before.length - lostSeq,
    found: before.length - lostSeq - 1,
    restated: 2,
  });
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  const after = await journalOf(shop);
  t.deepEqual(
    after.slice(lostSeq).map(({ type }) => type),
    ['JournalRepaired', 'RemovalIntended', 'ItemQuarantined'],
  );

  const undone = await clean(shop, ['undo', log]);
  t.is(undone.exitCode, 0, undone.stderr);
  t.true(existsSync(log));
  t.is((await clean(shop, ['logs', '--force', '--all-repos'])).exitCode, 0);
  t.false(existsSync(next));
});

test('a sum that is lost beside a whole segment is written anew, and the database stays', async (t) => {
  const shop = await makeShop(t);
  await oneLog(shop);
  await clean(shop, ['logs', '--force', '--all-repos']);
  for (const entries of [1, 1_000_000]) {
    const journal = await opened(journalIn(shop), { sealing: { entries } });
    (await journal.append(remarks(0, 30)))._unsafeUnwrap();
    await journal.close();
  }
  const sum = join(journalIn(shop), 'segments', '000001.sha256');
  const content = readFileSync(sum, 'utf8');
  rmSync(sum);
  t.is((await clean(shop, ['log', 'repair'])).exitCode, 4);
  t.false(existsSync(sum));
  const repaired = await clean(shop, ['log', 'repair', '--force', '--json']);
  t.like(json(repaired), { outcome: 'completed', exitCode: 0, lost: 0 });
  t.is(readFileSync(sum, 'utf8'), content);
  t.is(readdirSync(journalIn(shop)).filter((name) => name.startsWith('db')).length, 1);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);

  writeFileSync(sum, 'x');
  rmSync(join(journalIn(shop), 'db'), { recursive: true });
  t.is((await clean(shop, ['log', 'repair', '--force'])).exitCode, 0);
  t.is(readFileSync(sum, 'utf8'), content);
});

test('a sound journal is not repaired, and none while a run is under way', async (t) => {
  const shop = await makeShop(t);
  t.regex((await clean(shop, ['log', 'repair'])).stdout, /no journal yet/);
  await oneLog(shop);
  await clean(shop, ['logs', '--force', '--all-repos']);
  const sound = await clean(shop, ['log', 'repair', '--force']);
  t.is(sound.exitCode, 0);
  t.regex(sound.stdout, /nothing to repair/);
  t.deepEqual(
    readdirSync(journalIn(shop)).filter((name) => name.includes('damaged')),
    [],
  );
  const unlock = await lockAll(shop);
  t.is((await clean(shop, ['log', 'repair', '--force'])).exitCode, 11);
  await unlock();
});

test('a journal of a newer version is not written, and still exported to the letter', async (t) => {
  const shop = await makeShop(t);
  const log = await oneLog(shop);
  await clean(shop, ['--all', '--dry-run']);
  const before = await clean(shop, ['log', '--jsonl']);
  await edit(shop, async (level) => {
    await level.put('m!format', '9');
    await level.put(entryKey(jsonLines(before).length), `${'0'.repeat(64)}{"v":9,"from":"the future"}`);
  });
  const refused = await clean(shop, ['logs', '--force', '--all-repos']);
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /newer version \(format 9/);
  t.true(existsSync(log));
  const exported = await clean(shop, ['log', '--jsonl']);
  t.is(exported.exitCode, 0);
  t.is(exported.stdout, `${before.stdout}{"v":9,"from":"the future"}\n`);
  t.regex(exported.stderr, /newer version/);
  t.is((await clean(shop, ['log'])).exitCode, 1);
});

test('a journal of format 1 goes on in use', async (t) => {
  const shop = await makeShop(t);
  mkdirSync(journalIn(shop), { recursive: true });
  cpSync(join(repositoryTop(), 'test', 'fixtures', 'journal-format-1'), journalIn(shop), { recursive: true });
  rmSync(join(journalIn(shop), 'entries.jsonl'));
  const log = await oneLog(shop);
  t.is((await clean(shop, ['log', '--limit', '1'])).exitCode, 0);
  const ran = await clean(shop, ['logs', '--force', '--all-repos']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.false(existsSync(log));
  t.true((await journalOf(shop)).some(({ type }) => type === 'JournalMigrated'));
});

/** Everything that users read. */
function* userTexts(): Generator<readonly [path: string, text: string]> {
  const top = repositoryTop();
  const below = ['src', 'book/src'].flatMap((directory) =>
    readdirSync(join(top, directory), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(directory, name),
    ),
  );
  for (const path of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'package.json', ...below])
    if (/\.(ts|md|json)$/.test(path)) yield [path, readFileSync(join(top, path), 'utf8')];
}

test('nothing that is promised of the journal is more than it keeps', (t) => {
  const claiming = [...userTexts()]
    .filter(([, text]) => /tamper[ -]?proof/i.test(text))
    .map(([path]) => path);
  t.deepEqual(claiming, []);
});
