import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Kind } from '../../src/model/kind.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { makeIds } from '../helpers/ids.ts';
import { jobState } from '../helpers/job-artefacts.ts';
import type { ProdigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { runSwiftly } from './interpose.ts';
import type { Random } from './random.ts';

/** An item as the trial knows it, which made it: the product is not asked. */
export type Thing = {
  readonly kind: Kind;
  /** Every path that is the item's, files and directories at their top, in no order. */
  readonly parts: readonly string[];
  /** Old, finished and unprotected: a run over everything removes it. */
  readonly goes: boolean;
  /** The session it belongs to, if it does. */
  readonly session?: string;
};

export type StorageSpec = { readonly home: string; readonly root: string; readonly nowMs: number };

/** A handful of everything but worktrees: what goes and what stays, single files and items of several parts. */
export function smallStorage(spec: StorageSpec, random: Random, most = 12): Promise<Thing[]> {
  const home: ProdigyHome = { ...spec, dataRoot: spec.root, ids: makeIds(random.below(2 ** 31)) };
  return runSwiftly([spec.home], async () => {
    const things: Thing[] = [];
    const makers = [sessionThings, logThing, eventsThing, jobThing, lettersThing];
    const count = 2 + random.below(most - 1);
    for (let index = 0; index < count; index += 1) things.push(...(await random.pick(makers)(home, random)));
    return things;
  });
}

/** Twenty items that go and some that stay, of every kind but worktrees. */
export function twentyItems(spec: StorageSpec, random: Random): Promise<Thing[]> {
  const home: ProdigyHome = { ...spec, dataRoot: spec.root, ids: makeIds(random.below(2 ** 31)) };
  const makers = [logThing, sessionThings, logThing, eventsThing, logThing, jobThing, logThing, lettersThing];
  makers.push(logThing, logThing, logThing, logThing);
  return runSwiftly([spec.home], async () => {
    const things: Thing[] = [];
    for (let index = 0; things.filter(({ goes }) => goes).length < 20; index += 1) {
      things.push(...((await makers[index % makers.length]?.(home, random)) ?? []));
    }
    return things;
  });
}

const old = ['45d', '60d', '90d', '200d'] as const;
const young = ['1h', '5h', '2d'] as const;

/** A session with its record, sometimes checkpoints, and event logs of its own. */
async function sessionThings(home: ProdigyHome, random: Random): Promise<Thing[]> {
  const state = random.pick(['ended', 'ended', 'ended', 'young', 'resumable', 'paused'] as const);
  const goes = state === 'ended';
  const ago = state === 'young' ? random.pick(young) : random.pick(old);
  const status =
    state === 'resumable'
      ? 'Running'
      : state === 'paused'
        ? 'Paused'
        : random.pick(['Completed', 'Cancelled', 'Completed']);
  const isEnded = state === 'ended' || state === 'young';
  const { id, path } = await session(home, {
    status,
    startedAgo: ago,
    ...(isEnded ? { endedAgo: ago } : {}),
  });
  const parts = [path];
  if (state === 'resumable' || random.chance(0.6)) {
    const checkpoint = await workflowCheckpoint(home, {
      session: id,
      ago,
      status: isEnded ? 'Completed' : 'Running',
      workingDirectory: join(home.home, 'src', 'app'),
    });
    await settleDirectories(dirname(checkpoint));
    parts.push(dirname(checkpoint));
  }
  const things: Thing[] = [{ kind: 'sessions', parts, goes, session: id }];
  if (random.chance(0.5)) {
    const { path: events } = await eventDirectory(home, { repository: id, id, startedAgo: ago });
    things.push({ kind: 'events', parts: [events], goes, session: id });
  }
  return things;
}

async function logThing(home: ProdigyHome, random: Random): Promise<Thing[]> {
  const goes = random.chance(0.75);
  const path = await claudeLog(home, { startedAgo: goes ? random.pick(old) : '1h', lines: 1 });
  return [{ kind: 'logs', parts: [path], goes }];
}

async function eventsThing(home: ProdigyHome, random: Random): Promise<Thing[]> {
  const goes = random.chance(0.75);
  const { path } = await eventDirectory(home, {
    repository: 'shop',
    startedAgo: goes ? random.pick(old) : '1h',
    rotated: random.chance(0.4),
  });
  // Somebody made it read-only.
  if (random.chance(0.2)) await chmod(path, 0o555);
  return [{ kind: 'events', parts: [path], goes }];
}

async function jobThing(home: ProdigyHome, random: Random): Promise<Thing[]> {
  const goes = random.chance(0.7);
  const { path } = await jobState(home, {
    repository: 'shop',
    complete: goes,
    updatedAgo: random.pick(old),
    versions: random.chance(0.5) ? [1] : [1, 2],
  });
  return [{ kind: 'state', parts: [path], goes }];
}

async function lettersThing(home: ProdigyHome, random: Random): Promise<Thing[]> {
  const goes = random.chance(0.75);
  const ago = goes ? random.pick(old) : '1h';
  const path = await deadLetters(home, {
    layout: 'short',
    repository: 'shop',
    job: home.ids.job(home.nowMs - 100 * 24 * 3_600_000),
    letters: [
      { item: 'item_1', lastAttemptAgo: ago },
      ...(random.chance(0.5) ? [{ item: 'item_2', lastAttemptAgo: ago }] : []),
    ],
  });
  await settleDirectories(path);
  return [{ kind: 'dlq', parts: [path], goes }];
}
