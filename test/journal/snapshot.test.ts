import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { canMount, mountTmpfs, temporaryDirectory } from '../helpers/temporary.ts';
import { spawnSync } from 'node:child_process';
import { opened, remark, remarks, written } from './journal-options.ts';
import { spawnJournal } from './spawn-journal.ts';

const scratches = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('snap-'));

test('there is nothing to read before the birth', async (t) => {
  const directory = temporaryDirectory(t);
  t.is((await openSnapshot(directory))._unsafeUnwrapErr().type, 'journal-absent');
  t.is((await openSnapshot(join(directory, 'nowhere')))._unsafeUnwrapErr().type, 'journal-absent');
  t.deepEqual(readdirSync(directory), []);
});

test('a lost database is not an absent one', async (t) => {
  const directory = temporaryDirectory(t);
  await (await opened(directory)).close();
  renameSync(join(directory, 'db'), join(directory, 'elsewhere'));
  t.is((await openSnapshot(directory))._unsafeUnwrapErr().type, 'journal-damaged');
});

test('a database that is away only while another is put in its place is waited for', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 10);
  const [database, aside] = [join(directory, 'db'), join(directory, 'aside')];
  renameSync(database, aside);
  const opening = openSnapshot(directory);
  await setTimeout(250);
  renameSync(aside, database);
  const snapshot = (await opening)._unsafeUnwrap();
  t.is(snapshot.head.seq, 10);
  await snapshot.close();
});

test('zeros at the end of the manifest, as a power cut may leave them, are no damage', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 10);
  const names = readdirSync(join(directory, 'db'));
  for (const name of names.filter((one) => one.startsWith('MANIFEST')))
    appendFileSync(join(directory, 'db', name), Buffer.alloc(500));
  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.is(snapshot.head.seq, 10);
  t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap().findings, []);
  await snapshot.close();
  await (await opened(directory)).close();
});

test('a snapshot reads what is there while the journal is open, and does not move with it', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 10));
  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  await journal.append([remark('later')]);
  t.is(snapshot.head.seq, 10);
  t.is(snapshot.journalId, journal.journalId);
  t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap(), {
    entries: 11,
    findings: [],
  });
  await snapshot.close();
  t.is((await journal.append([remark('still')]))._unsafeUnwrap()[0]?.seq, 12);
  await journal.close();
});

test('taking a snapshot leaves the lock of the process that holds it', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await using _snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  const other = spawnJournal('hold', directory);
  await other.nextLine();
  t.regex(other.lines[0] ?? '', /journal-locked/);
  await other.ended;
  await journal.close();
});

test('snapshots have no gap and are never behind what was acknowledged, while a process writes that minds none of them', async (t) => {
  const directory = temporaryDirectory(t);
  const writer = spawnJournal('append', directory, '200');
  while (writer.lines.length < 5) await writer.nextLine();
  for (let taken = 0; taken < 25; taken += 1) {
    const acknowledged = Number(writer.lines.at(-1));
    const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
    t.true(snapshot.head.seq >= acknowledged);
    const { entries, findings } = (await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap();
    t.deepEqual(findings, []);
    t.is(entries, snapshot.head.seq + 1);
    await snapshot.close();
  }
  writer.child.kill('SIGKILL');
  await writer.ended;
  t.deepEqual(scratches(directory), []);

  const journal = await opened(directory);
  const { entries, findings } = (await verifyJournal(journal, inlineProjections))._unsafeUnwrap();
  t.deepEqual({ entries, findings }, { entries: journal.head.seq + 1, findings: [] });
  await journal.close();
});

test('what dead processes left is swept by the next who writes, what live ones hold is not, and readers sweep nothing', async (t) => {
  const directory = temporaryDirectory(t);
  await (await opened(directory)).close();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const [left, held] = [`snap-${dead}-0badcafe`, `snap-${process.pid}-0badcafe`];
  for (const name of [left, held]) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, '000001.ldb'), '');
  }
  await (await openSnapshot(directory))._unsafeUnwrap().close();
  t.deepEqual(scratches(directory).sort(), [left, held].sort());
  await (await opened(directory)).close();
  t.deepEqual(scratches(directory), [held]);
});

test('reading changes nothing that lies in the journal, and makes nothing there', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 3000);
  // What is in the log alone, and what is in tables.
  const again = await opened(directory);
  await again.append(remarks(0, 10));
  const before = filesBelow(directory);
  await using snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.is((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap().entries, 3011);
  t.deepEqual(filesBelow(directory), before);
  await again.close();
});

test('a snapshot that was taken outlasts the files of the database', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 3000);
  await (await opened(directory)).close();
  await using snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  for (const name of readdirSync(join(directory, 'db'))) unlinkSync(join(directory, 'db', name));
  t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap(), {
    entries: 3001,
    findings: [],
  });
});

/** Every file with its bytes; LevelDB's words say nothing. */
function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile() && !/LOG/.test(name))
    .map((name) => `${name} ${readFileSync(join(directory, name), 'base64')}`)
    .sort();
}

const withMount = canMount() ? test.serial : test.serial.skip;
withMount(
  `a journal that cannot be written can be read${canMount() ? '' : ' (needs a mount)'}`,
  async (t) => {
    const mount = temporaryDirectory(t);
    t.true(mountTmpfs(mount, '32m'));
    await written(mount, 10);
    t.is(spawnSync('mount', ['-o', 'remount,ro', mount]).status, 0);
    const snapshot = (await openSnapshot(mount))._unsafeUnwrap();
    t.is((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap().entries, 11);
    await snapshot.close();
  },
);
