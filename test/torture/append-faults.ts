import { mkdirSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errAsync, okAsync } from 'neverthrow';
import type { JournalFailure } from '../../src/model/failure.ts';
import type { Entry } from '../../src/journal/entry.ts';
import type { Journal, JournalSeams } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { Store } from '../../src/journal/store.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { canMount, mountTmpfs } from '../helpers/temporary.ts';
import { journalOptions } from '../journal/journal-options.ts';
import { runStory } from './journal-story.ts';
import { seeded, type Random } from './random.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

const mebibyte = 1024 * 1024;

/**
 * T7: appends fail, with and without having written, on a disk that is really full (as root), and go on being used.
 * Nothing that was acknowledged may be lost, nothing may be there twice, and what was not acknowledged is no more than
 * the last append.
 */
export const suite: Suite = {
  id: 'T7',
  title: 'appends that fail, and a full disk',
  trials: 200,
  slice: 30,
  hindrance: possible,
  trial: (seed, directory) => {
    const random = seeded(seed);
    return seed % 5 === 4 && canMount() ? fullDisk(directory, random) : faults(directory, random);
  },
};

/** Faults put between the journal and its database. */
async function faults(directory: string, random: Random): Promise<Trial> {
  let faultsMade = 0;
  const seams: JournalSeams = {
    reserveBytes: 4096,
    wrapStore: (store) =>
      faulty(store, random, () => {
        faultsMade += 1;
      }),
  };
  const acknowledged: Entry[] = [];
  let died = 0;
  for (let opening = 0; opening < 3; opening += 1) {
    const opened = await openJournal(journalOptions(directory, { seams }));
    // The first write after opening may be hit, too.
    if (opened.isErr()) continue;
    died += Number(await writeOn(opened.value, `run${opening}`, random, acknowledged));
    if (random.chance(0.5)) await opened.value.restoreReserve();
    await opened.value.close();
  }
  const violations = await judge(directory, acknowledged);
  return { violations, counts: { faults: faultsMade, acknowledged: acknowledged.length, died } };
}

/** Some appends one after the other, some at once; true when the journal gave up. */
async function writeOn(
  journal: Journal,
  run: string,
  random: Random,
  acknowledged: Entry[],
): Promise<boolean> {
  const story = runStory(run, 12, random);
  for (let from = 0; from < story.length;) {
    const pending: ReturnType<Journal['append']>[] = [];
    for (let many = 1 + random.below(3); many > 0; many -= 1) {
      const size = 1 + random.below(6);
      pending.push(journal.append(story.slice(from, from + size)));
      from += size;
    }
    for (const appended of await Promise.all(pending)) {
      if (appended.isErr()) return true;
      acknowledged.push(...appended.value);
    }
  }
  return false;
}

const broken: JournalFailure = { type: 'journal-unavailable', path: '/', code: 'EIO', detail: 'broken' };
const full: JournalFailure = { type: 'journal-full', path: '/', freeBytes: 0 };

/**
 * A store some of whose writes fail. As LevelDB does (JOURNAL 0.1), the handle then takes further writes, says that they
 * are durable, and loses them.
 */
function faulty(store: Store, random: Random, onFault: () => void): Store {
  let failed = false;
  return {
    ...store,
    write: (writes) => {
      if (failed) return okAsync(undefined);
      if (!random.chance(0.08)) return store.write(writes);
      failed = true;
      onFault();
      const failure = random.pick([broken, full]);
      return random.chance(0.5) ? errAsync(failure) : store.write(writes).andThen(() => errAsync(failure));
    },
  };
}

/** A real file system, filled to a random point, and again when the reserve was given up. */
async function fullDisk(directory: string, random: Random): Promise<Trial> {
  const mount = join(directory, 'full');
  mkdirSync(mount);
  if (!mountTmpfs(mount, '90m')) throw new Error('no tmpfs');
  const path = join(mount, 'journal');
  const acknowledged: Entry[] = [];
  const options = journalOptions(path, { seams: { reserveBytes: 4 * mebibyte } });
  const first = (await openJournal(options))._unsafeUnwrap();
  await writeOn(first, 'before', random, acknowledged);
  // Opened before the disk is full, or after.
  const early = random.chance(0.5);
  if (!early) await first.close();
  const filler = join(mount, 'filler');
  fillUp(filler, random.below(2 * mebibyte));
  let died = 0;
  const opened = early ? { value: first, isOk: () => true } : await openJournal(options);
  if ('value' in opened && opened.isOk()) {
    const journal = opened.value;
    for (let run = 0; run < 40 && died === 0; run += 1) {
      if (run % 10 === 5) fillUp(join(mount, `filler${run}`), random.below(mebibyte));
      died += Number(await writeOn(journal, `full${run}`, random, acknowledged));
    }
    await journal.close();
  } else died = 1;
  const violations = [...(await judge(path, acknowledged, true))];

  unlinkSync(filler);
  const again = await openJournal(options);
  if (again.isErr())
    violations.push({ rule: 'P7', detail: `with room again: ${JSON.stringify(again.error)}` });
  else {
    const restored = await again.value.restoreReserve();
    if (restored.isErr()) violations.push({ rule: 'P7', detail: 'the reserve did not come back' });
    await again.value.close();
    violations.push(...(await judge(path, acknowledged)));
  }
  return { violations, counts: { disks: 1, acknowledged: acknowledged.length, died } };
}

/** Writes until no more than `leave` bytes are left. */
function fillUp(path: string, leave: number): void {
  writeFileSync(path, '');
  for (let bytes = 8 * mebibyte; bytes >= 4096; bytes /= 2) {
    for (;;) {
      const { bavail, bsize } = statfsSync(path);
      if (bavail * bsize - bytes < leave) break;
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}

/** What is on the disk, read by an opening without faults; on a full disk one may be refused for that. */
async function judge(
  directory: string,
  acknowledged: readonly Entry[],
  mayBeFull = false,
): Promise<readonly Violation[]> {
  const opened = await openJournal(journalOptions(directory));
  if (opened.isErr()) {
    const { error } = opened;
    if (mayBeFull && error.type === 'journal-full') return [];
    return [{ rule: 'J1', detail: `it does not open any more: ${JSON.stringify(error)}` }];
  }
  const journal = opened.value;
  const violations: Violation[] = [];
  const there = new Map<string, number>();
  for await (const entry of journal.entries()) {
    if (entry.isErr()) return [{ rule: 'J1', detail: JSON.stringify(entry.error) }];
    const { id, seq } = entry.value;
    if (there.has(id)) violations.push({ rule: 'J2', detail: `entry ${seq} is there twice` });
    there.set(id, seq);
  }
  for (const { id, seq } of acknowledged) {
    if (there.get(id) !== seq)
      violations.push({ rule: 'J2', detail: `entry ${seq} was acknowledged, and is lost` });
  }
  const verified = await verifyJournal(journal, inlineProjections);
  const findings = verified.isErr() ? [verified.error] : verified.value.findings;
  for (const finding of findings) violations.push({ rule: 'J10', detail: JSON.stringify(finding) });
  await journal.close();
  return violations;
}
