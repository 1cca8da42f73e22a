import { randomBytes } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { mkdir, rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { replaceAnchor } from './anchor.ts';
import { copyDatabase } from './database-copy.ts';
import {
  discardFlatDirectory,
  makeDirectories,
  namesIn,
  syncDatabaseDirectory,
  syncDirectory,
  unlinkIfThere,
} from './durable.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { inspect, liveSpan, verifySpan } from './inspect.ts';
import { attempt, damaged, freeBytes } from './journal-failure.ts';
import { entryKey } from './key.ts';
import { databasePath, isDirectory, scratchPrefix, sweepScratch } from './layout.ts';
import type { Session } from './session.ts';
import { openStore } from './store.ts';

/** Where the journal may be born while its home has no room. Whatever it answers is a private directory of ours. */
export type Refuge = {
  /** Those that exist. */
  readonly existing: () => Promise<readonly string[]>;
  /** Makes one on a volume with room; `undefined` when there is none. */
  readonly make: () => Promise<string | undefined>;
};

/** Less than this is no place to be born in: LevelDB must write to open, and the reserve must fit. */
const birthBytes = 16 * 1024 * 1024;
const birthEntries = 48;

/** Room for the journal and as much to go on with. */
const slackBytes = 16 * 1024 * 1024;

/** Where the journal of `home` is now: at home, unless there is none and a refuge holds it. */
export async function locate(home: string, refuge: Pick<Refuge, 'existing'> | undefined): Promise<string> {
  if (refuge === undefined || (await isDirectory(databasePath(home)))) return home;
  const identity = (await readIdentity(home)).unwrapOr(undefined);
  for (const place of await refuge.existing()) {
    if (!(await isDirectory(databasePath(place)))) continue;
    const there = (await readIdentity(place)).unwrapOr(undefined);
    if (identity === undefined || identity.journalId === there?.journalId) return place;
  }
  return home;
}

/** Whether a journal can be born in `directory`, which need not exist; yes when the system does not say. */
export function hasRoomForBirth(directory: string): boolean {
  return hasRoom(directory, birthBytes);
}

function hasRoom(directory: string, bytes: number): boolean {
  for (let at = directory; ; at = dirname(at)) {
    try {
      const { bavail, bsize, files, ffree } = statfsSync(at);
      return bavail * bsize >= bytes && (files === 0 || ffree >= birthEntries);
    } catch {
      if (at === dirname(at)) return true;
    }
  }
}

/** `not-moved`: it is where it was, and open. `moved`: the one at home counts, and could not be seen to. */
export type NotHome = { readonly type: 'not-moved' | 'moved'; readonly cause: JournalFailure };

type Move = {
  readonly refuge: string;
  readonly home: string;
  readonly nowMs: number;
  readonly step?: ((step: string) => void) | undefined;
};

/**
 * Copies an open journal home when there is room: whole, verified from its birth, durable, and by one rename. The
 * session stays open and locks others out until the copy counts; then it is closed, and the original discarded.
 */
export async function moveHome(session: Session, move: Move): Promise<Result<void, NotHome>> {
  const { refuge, home, nowMs, step = () => undefined } = move;
  const free = { type: 'journal-full', path: home, freeBytes: freeBytes(home) } as const;
  if (!hasRoom(home, slackBytes)) return err({ type: 'not-moved', cause: free });
  const scratch = scratchIn(home);
  const copied = await copyVerified(session, refuge, scratch, step);
  const swapped = copied.isErr() ? copied : await attempt(home, () => rename(scratch, databasePath(home)));
  if (swapped.isErr()) {
    await discardFlatDirectory(scratch).catch(() => undefined);
    return err({ type: 'not-moved', cause: swapped.error });
  }
  // From here on the one at home counts. Nobody may open the other any more.
  step('renamed');
  const aside = scratchIn(refuge);
  const put = await attempt(home, async () => {
    await syncDirectory(home);
    step('rename-synced');
    await rename(databasePath(refuge), aside);
  });
  step('put-aside');
  await session.close();
  const told = put.isErr() ? put : await tellHome(session, refuge, home, nowMs);
  if (told.isErr()) return err({ type: 'moved', cause: told.error });
  step('told');
  await abandon(refuge);
  step('abandoned');
  return ok(undefined);
}

function scratchIn(directory: string): string {
  return join(directory, `${scratchPrefix}${process.pid}-${randomBytes(4).toString('hex')}`);
}

async function copyVerified(
  session: Session,
  refuge: string,
  scratch: string,
  step: (step: string) => void,
): Promise<Result<void, JournalFailure>> {
  const home = dirname(scratch);
  const made = await attempt(home, async () => {
    await makeDirectories(home);
    await sweepScratch(home);
    await mkdir(scratch, { mode: 0o700 });
  });
  if (made.isErr()) return made;
  step('scratch-made');
  const copied = await copyDatabase(databasePath(refuge), scratch);
  if (copied.isErr()) return copied;
  step('copied');
  const store = await openStore(scratch, { create: false });
  if (store.isErr()) return err(store.error);
  const { journalId } = session;
  const inspected = await inspect(store.value, home, journalId);
  const verified = inspected.isErr()
    ? inspected
    : await verifySpan(store.value, liveSpan(home, inspected.value.state), 0);
  await store.value.close();
  if (inspected.isErr()) return err(inspected.error);
  if (verified.isErr()) return err(verified.error);
  if (inspected.value.state.head.hash !== session.writer.state().head.hash) {
    return err(damaged(home, undefined, 'the copy does not end where the journal does'));
  }
  step('verified');
  const synced = await attempt(home, () => syncDatabaseDirectory(scratch));
  step('copy-synced');
  return synced;
}

/** A database without these two is one that was cut short after its rename: opening it writes them again. */
async function tellHome(
  session: Session,
  refuge: string,
  home: string,
  nowMs: number,
): Promise<Result<void, JournalFailure>> {
  const identity = await readIdentity(refuge);
  if (identity.isErr()) return err(identity.error);
  if (identity.value !== undefined) {
    const written = await writeIdentity(home, identity.value);
    if (written.isErr()) return err(written.error);
  }
  return replaceAnchor(home, session.writer.state().head, nowMs);
}

/**
 * Discards what a move left in a refuge when it was cut short: only what is, entry for entry, in the journal at home.
 * Anything else is left alone.
 */
export async function sweepRefuges(session: Session, refuge: Refuge | undefined): Promise<void> {
  for (const place of (await refuge?.existing()) ?? []) {
    await sweepScratch(place);
    const identity = (await readIdentity(place)).unwrapOr(undefined);
    if (identity?.journalId !== session.journalId) continue;
    if (!(await isDirectory(databasePath(place))) || (await isContained(session, place))) {
      await abandon(place);
    }
  }
}

async function isContained({ store, journalId }: Session, place: string): Promise<boolean> {
  const left = await openStore(databasePath(place), { create: false });
  if (left.isErr()) return false;
  const inspected = await inspect(left.value, place, journalId);
  await left.value.close();
  if (inspected.isErr()) return false;
  const { seq, hash } = inspected.value.state.head;
  const same = store.get(entryKey(seq));
  return same.isOk() && same.value?.startsWith(hash) === true;
}

/** Unlinks what is ours in a refuge, the database first: as long as its name is there it must be whole. */
async function abandon(refuge: string): Promise<void> {
  try {
    const place = databasePath(refuge);
    if (await isDirectory(place)) await rename(place, scratchIn(refuge));
    for (const name of await namesIn(refuge)) {
      if (name.startsWith(scratchPrefix)) await discardFlatDirectory(join(refuge, name));
    }
    await unlinkIfThere(join(refuge, 'anchor.json'));
    await unlinkIfThere(join(refuge, 'identity.json'));
    await rmdir(refuge);
  } catch {
    // The next run tries again.
  }
}
