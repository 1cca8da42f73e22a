import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { openJournal } from '../../src/journal/open.ts';
import { locate } from '../../src/journal/refuge.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { journalOptions, opened, remarks } from './journal-options.ts';
import { refugeAt } from './refuge-at.ts';

const process_ = fileURLToPath(new URL('refuge-process.js', import.meta.url));

type Places = { readonly home: string; readonly refuge: string };

/** A journal that was born in a refuge, with ten entries, as a run on a full disk leaves it. */
async function bornAway(t: ExecutionContext): Promise<Places> {
  const top = temporaryDirectory(t);
  const [home, refuge] = [join(top, 'home', 'journal'), join(top, 'refuge')];
  mkdirSync(refuge, { mode: 0o700 });
  const journal = await opened(refuge);
  (await journal.append(remarks(0, 10)))._unsafeUnwrap();
  await journal.close();
  rmSync(join(refuge, 'reserve'), { force: true });
  rmSync(join(refuge, 'reserve-files'), { recursive: true, force: true });
  return { home, refuge };
}

async function told(directory: string): Promise<string[]> {
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  const texts: string[] = [];
  for await (const entry of reader.entries()) {
    const { event } = entry._unsafeUnwrap();
    texts.push(event.type === 'OddityFound' ? event.detail : event.type);
  }
  const verified = (await verifyJournal(reader, inlineProjections))._unsafeUnwrap();
  if (verified.findings.length > 0) throw new Error(JSON.stringify(verified.findings));
  return texts;
}

const ten = Array.from({ length: 10 }, (_, index) => String(index));

test('a journal that was born elsewhere comes home as soon as there is room, and says so', async (t) => {
  const { home, refuge } = await bornAway(t);
  t.is(await locate(home, refugeAt(refuge)), refuge);
  const journal = await opened(home, { refuge: refugeAt(refuge) });
  t.is(journal.away, undefined);
  (await journal.append(remarks(10, 11)))._unsafeUnwrap();
  await journal.close();
  t.deepEqual(await told(home), ['JournalCreated', ...ten, 'JournalMoved', '10']);
  t.false(existsSync(refuge));
  t.is(await locate(home, refugeAt(refuge)), home);
});

test('a look neither moves the journal nor makes one, but uses it where it is', async (t) => {
  const { home, refuge } = await bornAway(t);
  const journal = await opened(home, { refuge: refugeAt(refuge), isSparing: true });
  t.is(journal.away, refuge);
  (await journal.append(remarks(10, 11)))._unsafeUnwrap();
  await journal.close();
  t.deepEqual(await told(refuge), ['JournalCreated', ...ten, '10']);
});

test('whoever accepts what is missing finds the journal where it lies, and makes none where there is none', async (t) => {
  const { home, refuge } = await bornAway(t);
  const accepting = { acceptTruncation: true, mayBeBorn: false };
  const absent = async (directory: string, more = {}): Promise<string> =>
    (await openJournal(journalOptions(directory, { ...accepting, ...more })))._unsafeUnwrapErr().type;
  t.is(await absent(home), 'journal-absent');
  t.false(existsSync(home));
  mkdirSync(home, { recursive: true });
  t.is(await absent(home), 'journal-absent');
  t.is(await absent(home, { refuge: refugeAt(join(home, 'elsewhere')) }), 'journal-absent');
  t.deepEqual(readdirSync(home), []);
  const journal = await opened(home, { ...accepting, refuge: refugeAt(refuge) });
  await journal.close();
  t.deepEqual((await told(home)).slice(0, 11), ['JournalCreated', ...ten]);
});

for (const step of [
  'scratch-made',
  'copied',
  'verified',
  'copy-synced',
  'renamed',
  'rename-synced',
  'put-aside',
  'told',
  'abandoned',
]) {
  test(`killed on the way home at '${step}', it is whole in one place, and the next run brings it home`, async (t) => {
    const { home, refuge } = await bornAway(t);
    const killed = spawnSync(process.execPath, [process_, home, refuge, step], { encoding: 'utf8' });
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    const before = await told(await locate(home, refugeAt(refuge)));
    t.deepEqual(before.slice(0, 11), ['JournalCreated', ...ten]);
    const journal = await opened(home, { refuge: refugeAt(refuge) });
    await journal.close();
    t.deepEqual((await told(home)).slice(0, 11), ['JournalCreated', ...ten]);
    t.false(existsSync(refuge), readdirSync(join(refuge, '..')).join());
    t.deepEqual(
      readdirSync(home).filter((name) => name.startsWith('db.')),
      [],
    );
  });
}

test('what lies in a refuge and is another journal, or more than the one at home, is left alone', async (t) => {
  const { home, refuge } = await bornAway(t);
  const another = await opened(home);
  await another.close();
  const journal = await opened(home, { refuge: refugeAt(refuge) });
  await journal.close();
  t.deepEqual(await told(refuge), ['JournalCreated', ...ten]);
  t.deepEqual(await told(home), ['JournalCreated']);
});
