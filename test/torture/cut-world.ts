import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify } from '../../src/disk/identity.ts';
import { homeIn } from '../helpers/prodigy-home.ts';
import { repositoryTop, runProdigy, type Ran } from '../helpers/run-prodigy.ts';
import { fingerprint } from '../helpers/tree.ts';
import { addOldItems } from '../demo/traces.ts';
import { finished, finishedWork, project, type Shop } from '../e2e/shop.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { acknowledgedIn, removedIn } from './acknowledged.ts';
import { check, Snapshot } from './checker.ts';
import { readJournal } from './checker-journal.ts';
import { copyImage, cutScript, format, mountDisk, type DiskType } from './loop-disk.ts';
import type { Violation } from './suite.ts';

/**
 * A storage on a file system of its own, made once a process; each trial gets a copy of it. Worktrees and repository
 * name each other by whole paths, so that all copies are mounted at one place.
 */
export type Template = {
  readonly shop: Shop;
  /** All of it before anything ran. */
  readonly before: Snapshot;
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
    const before = Snapshot.take([shop.home.root]);
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
      return { shop, before, remains: remainsOf(shop), steps, copyTo: (to) => copyImage(image, to) };
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

/**
 * What must hold whenever the power was cut, before anything is resumed: beside what the checker asks, nothing that is
 * said to be removed is back, for the disk below it may have forgotten more than the journal.
 */
export async function afterCut(
  template: Template,
  journal: string,
  told: readonly Ran[],
): Promise<readonly Violation[]> {
  const violations = await check({
    roots: [template.shop.home.root],
    journalDirectory: journal,
    before: template.before,
    acknowledged: told.flatMap(acknowledgedIn),
    saidRemoved: told.flatMap(removedIn),
  });
  return [...violations, ...(await backAgain(journal))];
}

async function backAgain(journal: string): Promise<readonly Violation[]> {
  const { entries } = await readJournal(journal);
  const found: Violation[] = [];
  for (const { event, op } of entries) {
    if (event.type !== 'ItemRemoved') continue;
    const intent = entries.find((one) => one.op === op && one.event.type === 'RemovalIntended')?.event;
    if (intent?.type !== 'RemovalIntended') continue;
    for (const { path, to, identity } of intent.moves) {
      // The number of a loop device is not the same after it was mounted again.
      const there = identify(path).unwrapOr(undefined);
      const isBack = there?.ino === identity.ino && there.birthtimeNs === identity.birthtimeNs;
      if (isBack) found.push({ rule: 'J2', detail: `${event.item} is said to be removed: ${path} is back` });
      if (existsSync(to))
        found.push({ rule: 'J2', detail: `${event.item} is said to be removed: ${to} is back` });
    }
  }
  return found;
}

/** What must hold when all is resumed: one end each, nothing left over, and what an unbroken run leaves. */
export async function afterResume(
  template: Template,
  journal: string,
  told: readonly Ran[],
): Promise<readonly Violation[]> {
  const found = [
    ...(await check({
      roots: [template.shop.home.root],
      journalDirectory: journal,
      before: template.before,
      acknowledged: told.flatMap(acknowledgedIn),
      saidRemoved: told.flatMap(removedIn),
      final: true,
    })),
  ];
  const remains = remainsOf(template.shop);
  for (const path of remains.filter((one) => !template.remains.includes(one))) {
    found.push({ rule: 'P5', detail: `${path} is there, an unbroken run removes it` });
  }
  for (const path of template.remains.filter((one) => !remains.includes(one))) {
    found.push({ rule: 'J5', detail: `${path} is gone, an unbroken run keeps it` });
  }
  return found;
}
