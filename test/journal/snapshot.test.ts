import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { canMount, mountTmpfs, temporaryDirectory } from '../helpers/temporary.ts';
import { spawnSync } from 'node:child_process';
import { opened, remark, remarks } from './journal-options.ts';
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
  t.is(scratches(directory).length, 1);
  await snapshot.close();
  t.deepEqual(scratches(directory), []);
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

test('what dead readers left is swept when it is old, what live ones hold is not, nor what is young', async (t) => {
  const directory = temporaryDirectory(t);
  await (await opened(directory)).close();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const [old, held, young] = [
    `snap-${dead}-0badcafe`,
    `snap-${process.pid}-0badcafe`,
    // Of a process in another container, for all that can be seen from here.
    `snap-${dead}-0badcaff`,
  ];
  for (const name of [old, held, young]) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, '000001.ldb'), '');
    if (name !== young) utimesSync(join(directory, name), 1_764_000_000, 1_764_000_000);
  }
  await (await openSnapshot(directory))._unsafeUnwrap().close();
  t.deepEqual(scratches(directory).sort(), [held, young].sort());
});

const withMount = canMount() ? test.serial : test.serial.skip;
withMount(
  `a journal that cannot be written can be read${canMount() ? '' : ' (needs a mount)'}`,
  async (t) => {
    const mount = temporaryDirectory(t);
    t.true(mountTmpfs(mount, '32m'));
    const journal = await opened(mount);
    await journal.append(remarks(0, 10));
    await journal.close();
    t.is(spawnSync('mount', ['-o', 'remount,ro', mount]).status, 0);
    const snapshot = (await openSnapshot(mount))._unsafeUnwrap();
    t.is((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap().entries, 11);
    await snapshot.close();
    t.false(existsSync(join(mount, 'snap')));
  },
);
