import { join } from 'node:path';
import { inspect } from 'node:util';
import { clean } from '../../src/commands/clean.ts';
import { parseRequest } from '../../src/commands/options.ts';
import { resume } from '../../src/commands/resume.ts';
import type { Entry } from '../../src/journal/entry.ts';
import { explain } from '../../src/ui/explain.ts';
import { readJournal } from './checker-journal.ts';
import { check, Snapshot } from './checker.ts';
import { real, type Call } from './interpose.ts';
import { KnownWorld } from './known-world.ts';
import { Machine, type Fate, type Ran } from './machine.ts';
import { seeded } from './random.ts';
import { twentyItems } from './small-storage.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';
import { swiftDirectory } from './swift-directory.ts';

const codes = [
  'EACCES',
  'EPERM',
  'EBUSY',
  'ENOTEMPTY',
  'EXDEV',
  'ENOSPC',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENOENT',
] as const;

/** More than a run makes: what lies beyond its last call is no trial. */
const callsAtMost = 960;

/**
 * T6: one call to the file system of a run over twenty items fails, each call with each error in turn; and each call
 * with one error that stays.
 */
export const suite: Suite = {
  id: 'T6',
  title: 'every call of a run fails with every error',
  trials: callsAtMost * (codes.length + 1),
  slice: 40,
  hindrance: possible,
  trial: (seed, directory) =>
    swiftDirectory(
      directory,
      (top) => trial(seed, top),
      ({ violations }) => violations.length > 0,
    ),
};

const nowMs = Date.UTC(2026, 5, 1, 12);

/** Neighbouring seeds lie far apart in the sweep, so that the first of them are a fair sample. */
const stride = 4_999;

type Fault = { readonly index: number; readonly code: string; readonly stays: boolean };

function faultOf(seed: number): Fault {
  const position = (seed * stride) % suite.trials;
  const index = position % callsAtMost;
  const which = Math.floor(position / callsAtMost);
  const code = codes[which] ?? codes[index % codes.length] ?? 'EIO';
  return { index, code, stays: which === codes.length };
}

async function trial(seed: number, top: string): Promise<Trial> {
  const fault = faultOf(seed);
  // The same storage and the same order for every fault.
  const random = seeded(6);
  const machine = new Machine({ top, random, nowMs, loss: 'none', isJournalOnSameVolume: false });
  const { home, root } = machine;
  const world = new KnownWorld(await twentyItems({ home, root, nowMs }, random), join(top, 'copies'));
  const before = Snapshot.take([root]);

  let hit: Call | undefined;
  const fate: Fate = {
    fault: (call, index) => {
      const isSame = hit !== undefined && fault.stays && call.name === hit.name && call.path === hit.path;
      if (index !== fault.index && !isSame) return undefined;
      hit ??= call;
      return fault.code;
    },
  };
  const first = await machine.run((shell) => clean(request, shell), fate);
  if (hit === undefined) return { violations: [], counts: { beyond: 1 } };
  const story = await readJournal(machine.journalDirectory);
  const violations = [...answerOf(first, story.entries)];

  // The world is well again.
  const again = await machine.run((shell) =>
    resume({ run: undefined, output: 'jsonl', acceptClock: false }, shell),
  );
  const anew = await machine.run((shell) => clean(request, shell));
  for (const [ran, what] of [
    [again, 'the resume'],
    [anew, 'the next run'],
  ] as const) {
    if (ran.result?.isOk() !== true || ran.result.value !== 0)
      violations.push({ rule: 'P8', detail: `${what} ended with ${endOf(ran)}` });
  }
  for (const { thing, path } of world.parts) {
    if (thing.goes && real.existsSync(path)) violations.push({ rule: 'J11', detail: `${path} never went` });
  }
  const checked = await check({
    roots: [root],
    journalDirectory: machine.journalDirectory,
    before,
    acknowledged: [first, again, anew].flatMap(acknowledgedIn),
    final: true,
  });
  const what = `${fault.code}${fault.stays ? ' for good' : ''} at ${fault.index}: ${hit.name} ${hit.path}`;
  return {
    violations: [...violations, ...world.violations(), ...checked].map(({ rule, detail }) => ({
      rule,
      detail: `${detail} [${what}]`,
    })),
    counts: { faults: 1, entries: story.entries.length },
  };
}

/** Nothing is held for undo, so that the run frees all that it moves. */
const flags = { allRepos: true, force: true, jsonl: true, undo: false };
const request = parseRequest(['all'], flags)._unsafeUnwrap();

const failing: ReadonlySet<string> = new Set(['ItemFailed', 'PurgeBlocked', 'PutBackBlocked']);

/** Whether the run told the truth of what it could not do, in its exit code and in words. */
function answerOf(ran: Ran, entries: readonly Entry[]): Violation[] {
  const violations: Violation[] = [];
  if (ran.thrown !== undefined) violations.push({ rule: 'P8', detail: `a defect: ${endOf(ran)}` });
  const { result } = ran;
  if (result?.isErr() === true) {
    const { sentence, next } = explain(result.error);
    if (sentence === '' || next === undefined)
      violations.push({ rule: 'P8', detail: `no next step: ${endOf(ran)}` });
  }
  if (result?.isOk() !== true) return violations;
  // The last word on each operation: what failed in one way may have gone in another.
  const last = new Map<string, string>();
  for (const { op, event } of entries) {
    if (op === undefined || !('item' in event)) continue;
    last.set(event.item, event.type);
  }
  const failed = [...last].filter(([, type]) => failing.has(type)).map(([item]) => item);
  const open = [...last].filter(([, type]) => type === 'RemovalIntended').map(([item]) => item);
  const expected = failed.length + open.length > 0 ? 3 : 0;
  if (result.value !== expected) {
    const detail = `exit ${result.value} after ${failed.length} failures and ${open.length} items left open`;
    violations.push({ rule: 'P8', detail });
  }
  return violations;
}

function acknowledgedIn({ out }: Ran): { id: string; seq: number }[] {
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { id: string; seq: number });
}

function endOf({ result, thrown }: Ran): string {
  if (thrown !== undefined) return inspect(thrown);
  return result?.match(String, (failure) => JSON.stringify(failure)) ?? 'nothing';
}
