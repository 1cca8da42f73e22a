import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import type { Entry } from '../../src/journal/entry.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { terminalEvents } from '../../src/journal/event.ts';
import { identify } from '../../src/disk/identity.ts';
import { homeIn } from '../helpers/prodigy-home.ts';
import { repositoryTop, runProdigy, type Ran } from '../helpers/run-prodigy.ts';
import { fingerprint } from '../helpers/tree.ts';
import { addOldItems } from '../demo/traces.ts';
import { finished, finishedWork, project, type Shop } from '../e2e/shop.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { copyImage, cutScript, format, mountDisk, type DiskType } from './loop-disk.ts';
import type { Violation } from './suite.ts';

/**
 * A storage on a file system of its own, made once a process; each trial gets a copy of it. Worktrees and repository
 * name each other by whole paths, so that all copies are mounted at one place.
 */
export type Template = {
  readonly shop: Shop;
  /** Paths below the root, but for `clean/`, that an unbroken run leaves. */
  readonly remains: readonly string[];
  /** How many steps an unbroken run takes. */
  readonly steps: number;
  readonly copyTo: (image: string) => void;
};

export type CutWorld = {
  readonly template: (type: DiskType, hasWorktrees: boolean) => Promise<Template>;
  /** Where the copies are mounted. */
  readonly mountAt: string;
  /** Where the second file system is mounted, and the journal on it. */
  readonly secondAt: string;
  readonly close: () => void;
};

export const journalOn = (disk: string): string => join(disk, 'journal');

export function cutWorld(): CutWorld {
  const directory = makeTemporaryDirectory('torture-cut-');
  const mountAt = join(directory, 'disk');
  const secondAt = join(directory, 'second');
  mkdirSync(secondAt);
  const made = new Map<string, Promise<Template>>();
  const template = async (type: DiskType, hasWorktrees: boolean): Promise<Template> => {
    const image = join(directory, `${type}-${hasWorktrees}`);
    format(image, type);
    const disk = mountDisk(image, mountAt);
    const shop = await storageOn(disk.path, hasWorktrees);
    disk.unmount();
    // An unbroken run of a copy says how long it is, and what it leaves.
    const spent = `${image}-spent`;
    copyImage(image, spent);
    const second = mountDisk(spent, mountAt);
    try {
      const count = join(directory, 'count');
      const ran = await prodigy(shop, ['--all', '--all-repos', '--force', '--no-undo'], {
        STEP_COUNT: count,
      });
      if (ran.exitCode !== 0) throw new Error(`the unbroken run failed: ${ran.stdout}${ran.stderr}`);
      const steps = Number(readFileSync(count, 'utf8'));
      return { shop, remains: remainsOf(shop), steps, copyTo: (to) => copyImage(image, to) };
    } finally {
      second.unmount();
    }
  };
  return {
    mountAt,
    secondAt,
    template: (type, hasWorktrees) => {
      const key = `${type}-${hasWorktrees}`;
      const known = made.get(key) ?? template(type, hasWorktrees);
      made.set(key, known);
      return known;
    },
    close: () => removeTemporaryDirectory(directory),
  };
}

async function storageOn(top: string, hasWorktrees: boolean): Promise<Shop> {
  const home = await homeIn(join(top, 'home'), { seed: 7 });
  const shop: Shop = { home, top, repository: join(top, 'src', 'shop') };
  await project(shop.repository, home);
  if (hasWorktrees) for (const ago of ['60d', '63d']) await finishedWork(shop, ago, { modules: 5 });
  await finishedWork(shop, '90d', { files: { 'untracked.txt': 'mine\n' } });
  for (const kind of ['state', 'dlq', 'events', 'logs']) {
    await finished(shop, kind, '1d');
    await finished(shop, kind, '90d');
  }
  await addOldItems(home, shop.repository, 6);
  return shop;
}

/** `prodigy clean ...`, with the faults of `step-preload.cjs`. */
export function prodigy(
  { home, repository }: Shop,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const preload = join(repositoryTop(), 'test', 'torture', 'step-preload.cjs');
  const isFaulty = Object.keys(env).some((name) => name.startsWith('STEP_'));
  const options = isFaulty ? { NODE_OPTIONS: `--require=${preload}`, STEP_CUT_SCRIPT: cutScript } : {};
  return runProdigy(home, ['clean', ...args], { cwd: repository, env: { ...options, ...env } });
}

export function remainsOf({ home, repository }: Shop): readonly string[] {
  const paths = [...fingerprint(home.root, { except: ['clean', 'resume_locks'] }).keys()];
  const admin = [...fingerprint(join(repository, '.git', 'worktrees')).keys()].map((path) => `git:${path}`);
  return [...paths, ...admin].sort();
}

export type Acknowledged = { readonly id: string; readonly seq: number; readonly type: string };

/** The entries that a run said, on its standard output, were durable. */
export function acknowledgedBy({ stdout }: Ran): readonly Acknowledged[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Acknowledged);
}

/** Whatever the journal says, or what is wrong with it; nothing when there is none yet. */
export async function entriesOf(
  journal: string,
): Promise<{ readonly entries: readonly Entry[]; readonly violations: readonly Violation[] }> {
  const opened = await openSnapshot(journal);
  if (opened.isErr()) {
    if (opened.error.type === 'journal-absent') return { entries: [], violations: [] };
    return { entries: [], violations: [{ rule: 'J1', detail: JSON.stringify(opened.error) }] };
  }
  await using reader = opened.value;
  const entries: Entry[] = [];
  const violations: Violation[] = [];
  for await (const entry of reader.entries()) {
    if (entry.isErr()) violations.push({ rule: 'J1', detail: JSON.stringify(entry.error) });
    else entries.push(entry.value);
  }
  const verified = await verifyJournal(reader, inlineProjections);
  if (verified.isErr()) violations.push({ rule: 'J1', detail: JSON.stringify(verified.error) });
  else
    for (const finding of verified.value.findings) {
      violations.push({ rule: 'J10', detail: JSON.stringify(finding) });
    }
  return { entries, violations };
}

/** What must hold whenever the power was cut, before anything is resumed. */
export async function afterCut(
  journal: string,
  acknowledged: readonly Acknowledged[],
): Promise<readonly Violation[]> {
  const { entries, violations } = await entriesOf(journal);
  const found = [...violations];
  for (const { id, seq, type } of acknowledged) {
    if (entries[seq]?.id !== id)
      found.push({ rule: 'J2', detail: `${type} ${seq} was acknowledged and is gone` });
  }
  for (const { event, op } of entries) {
    if (event.type !== 'ItemRemoved') continue;
    const intent = entries.find((one) => one.op === op && one.event.type === 'RemovalIntended')?.event;
    if (intent?.type !== 'RemovalIntended') {
      found.push({ rule: 'J3', detail: `${event.item} was removed and nobody had intended it` });
      continue;
    }
    for (const { path, to, identity } of intent.moves) {
      if (existsSync(to))
        found.push({ rule: 'J2', detail: `${event.item} is said to be removed: ${to} is there` });
      const there = (await identify(path)).unwrapOr(undefined);
      // The number of a loop device is not the same after it was mounted again; what has no inode is there no more.
      if (there?.ino === identity.ino) {
        found.push({ rule: 'J2', detail: `${event.item} is said to be removed: ${path} is back` });
      }
    }
  }
  return found;
}

/** What must hold when all is resumed: one end each, nothing left over, and what an unbroken run leaves. */
export async function afterResume(template: Template, journal: string): Promise<readonly Violation[]> {
  const { entries, violations } = await entriesOf(journal);
  const found = [...violations];
  const ends = new Map<string, string[]>();
  for (const { op, event } of entries) {
    if (op === undefined) continue;
    const of = ends.get(op) ?? [];
    if (terminalEvents.includes(event.type)) of.push(event.type);
    ends.set(op, of);
  }
  for (const [op, of] of ends) {
    if (of.length !== 1) found.push({ rule: 'J4', detail: `operation ${op} ends with [${of.join(', ')}]` });
  }
  for (const left of leftOver(template.shop)) found.push({ rule: 'J8', detail: `left over: ${left}` });
  const remains = remainsOf(template.shop);
  for (const path of remains.filter((one) => !template.remains.includes(one))) {
    found.push({ rule: 'P5', detail: `${path} is there, an unbroken run removes it` });
  }
  for (const path of template.remains.filter((one) => !remains.includes(one))) {
    found.push({ rule: 'J5', detail: `${path} is gone, an unbroken run keeps it` });
  }
  return found;
}

/** What lies in quarantine, beside its place, or locks what nobody works on. */
function leftOver({ home }: Shop): readonly string[] {
  const quarantine = join(home.root, 'clean', 'quarantine');
  const names = existsSync(quarantine)
    ? readdirSync(quarantine).flatMap((id) => readdirSync(join(quarantine, id)).map((name) => join(id, name)))
    : [];
  const paths = [...fingerprint(home.root).keys()];
  const trash = paths.filter((path) => path.includes('.prodigy-trash-'));
  const locks = paths.filter((path) => path === 'clean/run.lock' || path.startsWith('resume_locks/'));
  return [...names, ...trash, ...locks];
}
