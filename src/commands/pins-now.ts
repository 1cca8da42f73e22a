import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { JournalReader } from '../journal/journal.ts';
import type { HoldsUnknown, JournalFailure } from '../model/failure.ts';
import { noPins, pinsAt, type Pin, type Pins } from '../model/pin.ts';
import { pins as storedPins } from '../projections/pins.ts';
import { explain } from '../ui/explain.ts';
import { openToRead } from './journal-access.ts';
import type { Shell } from './shell.ts';

type With = Pick<Shell, 'config'>;

/**
 * What is on hold or abandoned now.
 *
 * @param elsewhere - what {@link holdsElsewhere} found
 */
export async function pinsOf(
  journal: Pick<JournalReader, 'rows'>,
  elsewhere: Pins,
  nowMs: number,
): Promise<Result<Pins, JournalFailure>> {
  const rows = await journal.rows(storedPins);
  return rows.map((found) => together(pinsAt(found.values(), nowMs), elsewhere));
}

export type PinsSeen = {
  readonly pins: Pins;
  /** Why they are not known, when there may be some. */
  readonly unknown: JournalFailure | HoldsUnknown | undefined;
};

/** The same for who only looks: from a copy, whoever writes; none when a journal cannot be read, and why. */
export async function pinsSeen(shell: With, nowMs: number): Promise<PinsSeen> {
  const own = await pinsIn(shell, nowMs);
  const elsewhere = await holdsElsewhere(shell, nowMs);
  return {
    pins: together(own.unwrapOr(noPins), elsewhere.unwrapOr(noPins)),
    unknown: own.isErr() ? own.error : elsewhere.isErr() ? elsewhere.error : undefined,
  };
}

/** What is shown as going may be held then. No run removes it: a run needs the journal. */
export function holdsUnknown(unknown: JournalFailure | HoldsUnknown): string {
  const { sentence } = explain(unknown);
  return unknown.type === 'holds-unknown' ? sentence : `What is on hold is not known: ${sentence}`;
}

/** Those of one journal; none where there is no journal. */
async function pinsIn(shell: With, nowMs: number): Promise<Result<Pins, JournalFailure>> {
  const opened = await openToRead(shell);
  if (opened.isErr()) return opened.error.type === 'journal-absent' ? ok(noPins) : err(opened.error);
  await using reader = opened.value;
  const rows = await reader.rows(storedPins);
  return rows.map((found) => pinsAt(found.values(), nowMs));
}

/**
 * What the journals of the other storage roots have on hold. Whoever works with another PRODIGY_HOME has another journal,
 * and whoever said that something stays meant all of them. Holds alone: that something is abandoned takes protection
 * away, and counts where it was said.
 */
export async function holdsElsewhere({ config }: With, nowMs: number): Promise<Result<Pins, HoldsUnknown>> {
  const held = new Map<string, Pin>();
  const own = await realOf(config.journalDirectory);
  for (const root of config.roots) {
    const directory = await realOf(join(root, 'clean', 'journal'));
    if (directory === own) continue;
    const found = await pinsIn({ config: { ...config, journalDirectory: directory } }, nowMs);
    if (found.isErr()) return err({ type: 'holds-unknown', root, cause: found.error });
    for (const { target, name, hold } of found.value.values())
      if (hold !== undefined) held.set(target, { target, name, hold: { ...hold, saidIn: root } });
  }
  return ok(held);
}

function together(own: Pins, elsewhere: Pins): Pins {
  if (elsewhere.size === 0) return own;
  const all = new Map(own);
  for (const [target, pin] of elsewhere) {
    const known = all.get(target);
    // Of two holds the own one is told: it is the one that can be ended here. The other is there then.
    if (known?.hold === undefined) all.set(target, { ...pin, ...known });
  }
  return all;
}

function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
