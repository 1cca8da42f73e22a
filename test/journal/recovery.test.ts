import { existsSync, mkdirSync, readdirSync, statfsSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { errAsync, okAsync } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../../src/model/failure.ts';
import type { Journal, JournalSeams } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { Store } from '../../src/journal/store.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { canMount, mountTmpfs, temporaryDirectory } from '../helpers/temporary.ts';
import { journalOptions, opened, remark, remarks } from './journal-options.ts';

const broken: JournalFailure = { type: 'journal-unavailable', path: '/', code: 'EIO', detail: 'broken' };
const full: JournalFailure = { type: 'journal-full', path: '/', freeBytes: 0 };

/** What a write does instead of writing; `undefined`: it writes. */
type Fault = (
  write: () => ResultAsync<void, JournalFailure>,
) => ResultAsync<void, JournalFailure> | undefined;

/** Puts one fault, in order, on each write after those of the birth. */
function faulty(faults: readonly (Fault | undefined)[]): JournalSeams {
  const left = [...faults];
  return {
    reserveBytes: 4096,
    wrapStore: (store: Store) => ({
      ...store,
      write: (writes) => left.shift()?.(() => store.write(writes)) ?? store.write(writes),
    }),
  };
}

const fails: Fault = () => errAsync(broken);
const isFull: Fault = () => errAsync(full);
const writesAndFails: Fault = (write) => write().andThen(() => errAsync(broken));

async function story(journal: Journal): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of journal.entries({ from: 1 })) {
    const { event } = entry._unsafeUnwrap();
    found.push(event.type === 'OddityFound' ? event.detail : event.type);
  }
  return found;
}

async function isSound(journal: Journal): Promise<boolean> {
  return (await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings.length === 0;
}

test('a failed append is made up for after reopening', async (t) => {
  const journal = await opened(temporaryDirectory(t), { seams: faulty([undefined, fails]) });
  await journal.append([remark('a')]);
  const entries = (await journal.append([remark('b'), remark('c')]))._unsafeUnwrap();
  t.deepEqual(
    entries.map(({ seq }) => seq),
    [2, 3],
  );
  await journal.append([remark('d')]);
  t.deepEqual(await story(journal), ['a', 'b', 'c', 'd']);
  t.true(await isSound(journal));
  await journal.close();
});

test('an append that failed although it was written is not made twice', async (t) => {
  const journal = await opened(temporaryDirectory(t), { seams: faulty([writesAndFails]) });
  const entries = (await journal.append([remark('a'), remark('b')]))._unsafeUnwrap();
  t.is(entries.length, 2);
  t.deepEqual(await story(journal), ['a', 'b']);
  t.true(await isSound(journal));
  await journal.close();
});

test('of an append in several batches only what is missing is made up for', async (t) => {
  const journal = await opened(temporaryDirectory(t), { seams: faulty([undefined, writesAndFails]) });
  t.is((await journal.append(remarks(0, 700)))._unsafeUnwrap().length, 700);
  t.deepEqual(
    await story(journal),
    remarks(0, 700).map((_, index) => `${index}`),
  );
  t.true(await isSound(journal));
  await journal.close();
});

test('after a second failure the journal is dead, and what was acknowledged is there', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory, { seams: faulty([undefined, fails, fails]) });
  await journal.append([remark('a')]);
  t.deepEqual((await journal.append([remark('b')]))._unsafeUnwrapErr(), broken);
  t.is((await journal.append([remark('c')]))._unsafeUnwrapErr().type, 'journal-dead');
  t.is((await journal.writeAnchor())._unsafeUnwrapErr().type, 'journal-dead');
  await journal.close();
  const again = await opened(directory);
  t.deepEqual(await story(again), ['a']);
  await again.close();
});

test('appends that wait behind a failed one are made after it, in order', async (t) => {
  const journal = await opened(temporaryDirectory(t), { seams: faulty([fails]) });
  await Promise.all([
    journal.append([remark('a')]),
    journal.append([remark('b')]),
    journal.append([remark('c')]),
  ]);
  t.deepEqual(await story(journal), ['a', 'b', 'c']);
  await journal.close();
});

test('a full disk costs the reserve, which is journalled, and so is its return', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory, { seams: faulty([isFull]) });
  t.true(existsSync(join(directory, 'reserve')));
  t.is((await journal.append([remark('a')]))._unsafeUnwrap().length, 1);
  t.false(existsSync(join(directory, 'reserve')));
  t.deepEqual(await story(journal), ['a', 'ReserveReleased']);

  t.true((await journal.restoreReserve())._unsafeUnwrap());
  t.false((await journal.restoreReserve())._unsafeUnwrap());
  t.deepEqual(await story(journal), ['a', 'ReserveReleased', 'ReserveRestored']);
  t.is(statSync(join(directory, 'reserve')).size, 4096);
  await journal.close();
});

test('a reserve that was lost otherwise comes back without a word', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  unlinkSync(join(directory, 'reserve'));
  t.true((await journal.restoreReserve())._unsafeUnwrap());
  t.deepEqual(await story(journal), []);
  await journal.close();
});

test('an acknowledged entry that is gone after reopening ends the journal', async (t) => {
  let forged = false;
  const seams: JournalSeams = {
    reserveBytes: 1,
    wrapStore: (store) => ({
      ...store,
      // Acknowledges what it does not write, as an open handle does after a failed write.
      write: () => (forged ? errAsync(broken) : ((forged = true), okAsync(undefined))),
    }),
  };
  const directory = temporaryDirectory(t);
  await (await opened(directory)).close();
  const journal = await opened(directory, { seams });
  await journal.append([remark('lost')]);
  t.like((await journal.append([remark('b')]))._unsafeUnwrapErr(), {
    type: 'journal-truncated',
    anchorSeq: 1,
    headSeq: 0,
  });
});

const withMount = canMount() ? test.serial : test.serial.skip;
const why = canMount() ? '' : ' (needs a mount)';

/** Writes until nothing more fits. */
function fillUp(directory: string): string {
  const path = join(directory, 'filler');
  writeFileSync(path, '');
  for (let bytes = 4 * 1024 * 1024; bytes >= 512; bytes /= 2) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // The next smaller piece may still fit.
    }
  }
  return path;
}

withMount(`on a really full disk a journal goes on by its reserve${why}`, async (t) => {
  const mount = temporaryDirectory(t);
  t.true(mountTmpfs(mount, '100m'));
  const directory = join(mount, 'journal');
  const journal = await opened(directory, { seams: {} });
  t.is(statSync(join(directory, 'reserve')).size, 8 * 1024 * 1024);
  fillUp(mount);
  const acknowledged: string[] = [];
  for (let next = 0; existsSync(join(directory, 'reserve')); next += 100) {
    t.is((await journal.append(remarks(next, next + 100)))._unsafeUnwrap().length, 100);
    for (let one = next; one < next + 100; one += 1) acknowledged.push(`${one}`);
  }
  await journal.append([remark('after')]);
  const told = await story(journal);
  t.deepEqual(
    told.filter((one) => one !== 'ReserveReleased'),
    [...acknowledged, 'after'],
  );
  t.is(told.filter((one) => one === 'ReserveReleased').length, 1);
  t.true(await isSound(journal));
  await journal.close();
});

withMount(
  `a journal on a full disk opens by its reserve, and closes without one in order${why}`,
  async (t) => {
    const mount = temporaryDirectory(t);
    t.true(mountTmpfs(mount, '100m'));
    const directory = join(mount, 'journal');
    const first = await opened(directory, { seams: {} });
    await first.append(remarks(0, 500));
    await first.close();
    const filler = fillUp(mount);

    const second = await opened(directory, { seams: {} });
    t.deepEqual((await story(second)).slice(500), ['ReserveReleased']);
    t.false((await second.restoreReserve())._unsafeUnwrap());
    await second.close();

    unlinkSync(filler);
    t.true(statfsSync(mount).bavail > 0);
    const third = await opened(directory, { seams: {} });
    t.true((await third.restoreReserve())._unsafeUnwrap());
    t.deepEqual((await story(third)).slice(500), ['ReserveReleased', 'ReserveRestored']);
    await third.close();
  },
);

withMount(`without reserve a full disk is said to be full, and nothing is lost${why}`, async (t) => {
  const mount = temporaryDirectory(t);
  t.true(mountTmpfs(mount, '100m'));
  const directory = join(mount, 'journal');
  const first = await opened(directory, { seams: {} });
  await first.append(remarks(0, 500));
  await first.close();
  unlinkSync(join(directory, 'reserve'));
  const filler = fillUp(mount);
  const failed = (await openJournal(journalOptions(directory)))._unsafeUnwrapErr();
  t.is(failed.type, 'journal-full');
  unlinkSync(filler);
  const again = await opened(directory);
  t.is((await story(again)).length, 500);
  await again.close();
});

withMount(`a birth on a full disk fails and leaves nothing${why}`, async (t) => {
  const mount = temporaryDirectory(t);
  t.true(mountTmpfs(mount, '1m'));
  mkdirSync(join(mount, 'journal'));
  const filler = fillUp(mount);
  t.is((await openJournal(journalOptions(join(mount, 'journal'))))._unsafeUnwrapErr().type, 'journal-full');
  t.deepEqual(readdirSync(join(mount, 'journal')), []);
  unlinkSync(filler);
});
