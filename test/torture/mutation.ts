import { spawn, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { look } from '../../src/cleaners/look.ts';
import { scanOf } from '../../src/cleaners/scan.ts';
import { kinds } from '../../src/model/kind.ts';
import { pathOf, type ItemId } from '../../src/model/item.ts';
import type { Verdict } from '../../src/model/reason.ts';
import { policyOf } from '../../src/policy/retention.ts';
import { judgeAll } from '../../src/policy/verdict.ts';
import { readProcessTable } from '../../src/storage/processes.ts';
import { durationMs } from '../helpers/duration.ts';
import { homeIn, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { Damage } from './damage.ts';
import { damageRunLocks } from './mutation-run-lock.ts';
import { gitWorld } from './mutation-git-world.ts';
import { mutationWorld } from './mutation-world.ts';
import { seeded, type Random } from './random.ts';
import type { Bundle, Stored } from './stored.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

/** So many bundles of each kind; one file of each is damaged at a time. */
const bundlesOfAKind = 7;
const rounds = 2;
const gitRounds = 2;
const runLocks = 32;

/**
 * Damages every kind of file that is read, one of each bundle at a time, and looks again: whatever is not understood
 * is kept and told, and nothing goes that would not have gone before.
 */
export const suite: Suite = {
  id: 'T14',
  title: 'mutants of every stored file',
  trials: 42,
  slice: 1,
  hindrance: possible,
  trial,
};

async function trial(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  const prodigy = await somebodyElse(directory);
  try {
    const plain = await homeIn(join(directory, 'plain'), { seed });
    const bundles = await mutationWorld(plain, bundlesOfAKind, prodigy.pid);
    violations.push(...(await damageAndLook({ home: plain, bundles, rounds, random, counts })));

    const withGit = await homeIn(join(directory, 'git'), { seed });
    const worktrees = await gitWorld(withGit, directory);
    violations.push(
      ...(await damageAndLook({ home: withGit, bundles: worktrees, rounds: gitRounds, random, counts })),
    );
    violations.push(...(await damageRunLocks(join(directory, 'locks'), random, runLocks)));
    add(counts, 'mutants', runLocks);
  } finally {
    prodigy.kill('SIGKILL');
  }
  return { violations, counts };
}

/** A live process called prodigy, at work for another storage: locks can name it as their holder. */
async function somebodyElse(directory: string): Promise<ChildProcess> {
  const elsewhere = join(directory, 'elsewhere');
  await mkdir(elsewhere);
  const script = "process.title = 'prodigy'; console.log('ready'); setInterval(() => {}, 60_000)";
  const child = spawn(process.execPath, ['-e', script], {
    cwd: '/',
    env: { HOME: elsewhere, PRODIGY_HOME: elsewhere },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

type World = {
  readonly home: ProdigyHome;
  readonly bundles: readonly Bundle[];
  readonly rounds: number;
  readonly random: Random;
  readonly counts: Record<string, number>;
};

async function damageAndLook({ home, bundles, rounds: times, random, counts }: World): Promise<Violation[]> {
  const violations: Violation[] = [];
  const before = await judged(home);
  const damage = new Damage(bundles, join(home.home, 'aside'));
  for (let round = 0; round < times; round += 1) {
    const wounds = await damage.inflict(random);
    try {
      const after = await judged(home);
      for (const wound of wounds) {
        violations.push(...unkept(wound, before, after));
        add(counts, 'mutants', 1);
        add(counts, wound.meaning, 1);
      }
      violations.push(...widened(wounds, before, after));
    } catch (cause) {
      const list = wounds.map(({ mutant, file }) => `${mutant} ${file.path}`).join(', ');
      violations.push({ rule: 'P3', detail: `looking failed: ${String(cause)}; one of ${list}` });
    } finally {
      await damage.heal();
    }
  }
  const healed = await judged(home);
  if (!sameSets(before.going, healed.going)) throw new Error('the storage did not heal');
  add(counts, 'looks', times + 2);
  add(counts, 'condemned', before.going.size);
  return violations;
}

/** What a look came to: by policy and item, and all that is told of what is odd. */
type Judged = {
  /** `<policy> <item>` of what goes. */
  readonly going: ReadonlySet<string>;
  readonly verdicts: ReadonlyMap<string, ReadonlyMap<ItemId, Verdict>>;
  readonly told: string;
};

async function judged(home: ProdigyHome): Promise<Judged> {
  const { look: seen, outOfScope } = await look({
    roots: [realpathSync(home.root)],
    kinds,
    wants: () => true,
    nowMs: home.nowMs,
    host: hostname(),
    ownPid: process.pid,
    readProcesses: readProcessTable,
    places: [],
  });
  const scope = { allRepositories: true, repositories: [], kinds };
  const going = new Set<string>();
  const told: string[] = seen.oddities.map(({ path = '', detail }) => `${path} ${detail}`);
  const verdicts = new Map<string, ReadonlyMap<ItemId, Verdict>>();
  for (const [name, olderThanMs] of [
    ['default', undefined],
    ['1h', durationMs('1h')],
  ] as const) {
    const policy = policyOf({ nowMs: home.nowMs, olderThanMs, kinds });
    const found = judgeAll(seen, policy, { scope });
    for (const { item } of scanOf(seen, found, outOfScope, 0).condemned) going.add(`${name} ${item.id}`);
    for (const verdict of found.values()) told.push(Object.values(verdict.evidence).join(' '));
    verdicts.set(name, found);
  }
  return { going, verdicts, told: told.join('\n') };
}

type Wound = ReturnType<Damage['wounds']>[number];

/** Nothing may go that did not go before, but of a bundle whose file says something else, and says it well. */
function widened(wounds: readonly Wound[], before: Judged, after: Judged): Violation[] {
  const free = new Set(wounds.flatMap(({ mayChange }) => mayChange));
  return [...after.going]
    .filter((id) => !before.going.has(id) && !free.has(pathOf(id)))
    .map((id) => {
      const suspects = wounds.filter(({ bundle }) => bundle.items.includes(pathOf(id)));
      const list = suspects.map(({ mutant, file, bundle }) => `${mutant} of ${file.path} in ${bundle.name}`);
      const was = before.verdicts.get(id.split(' ')[0] ?? '')?.get(id.slice(id.indexOf(' ') + 1));
      return {
        rule: 'P3',
        detail: `${id} goes, kept before as ${was?.reason}, because of ${list.join(', ')}`,
      };
    });
}

/** What is not understood keeps what it speaks for, and is told by its path. */
function unkept({ file, mutant, meaning, bundle }: Wound, before: Judged, after: Judged): Violation[] {
  // A dead holder is dead, whenever it says that it took its lock.
  const isFuture = meaning === 'future' && file.form !== 'lock';
  if (meaning !== 'broken' && !isFuture) return [];
  const of = `${mutant} of ${file.path} in ${bundle.name}`;
  // What is dated later than now stays itself; its bundle goes by what the others say.
  const stays = isFuture ? [ownItem(file)] : file.keeps;
  const gone = [...after.going].filter((id) => stays.includes(pathOf(id)));
  const violations = gone.map((id) => ({ rule: 'P3', detail: `${id} goes, in spite of ${of}` }));
  const wasGoing = [...before.going].some((id) => file.keeps.includes(pathOf(id)));
  if (meaning === 'broken' && wasGoing && gone.length === 0 && !isTold(file, after.told)) {
    violations.push({ rule: 'P3', detail: `nothing is told of ${of}` });
  }
  return violations;
}

/** The item that the file is a part of. */
function ownItem({ path, keeps }: Stored): string {
  return keeps.find((item) => path === item || path.startsWith(`${item}/`)) ?? keeps[0] ?? path;
}

/** Of git's own files the directory is told in which they lie, or the worktree. */
function isTold({ form, path, keeps }: Stored, told: string): boolean {
  const places = form.startsWith('git-') ? [path, dirname(path), ...keeps] : [path];
  return places.some((place) => told.includes(place));
}

function sameSets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}

function add(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}
