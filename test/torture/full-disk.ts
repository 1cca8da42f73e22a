import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addOldItems } from '../demo/traces.ts';
import { documentOf, finished, finishedWork, goingOf, project, type Shop } from '../e2e/shop.ts';
import { homeIn } from '../helpers/prodigy-home.ts';
import { canMount, mountTmpfs } from '../helpers/temporary.ts';
import { differences, fingerprint, type Fingerprint } from '../helpers/tree.ts';
import { pathOf, type ItemId } from '../../src/model/item.ts';
import { acknowledgedIn } from './acknowledged.ts';
import { readJournal } from './checker-journal.ts';
import { prodigy } from './cut-world.ts';
import { cutHindrance, format, mountDisk } from './loop-disk.ts';
import { seeded, type Random } from './random.ts';
import type { Suite, Trial, Violation } from './suite.ts';

const mebibyte = 1024 * 1024;
const diskMebibytes = 128;
const inodes = 4_000;

export const suite: Suite = {
  id: 'T7F',
  title: 'a disk filled to any point, by bytes or by files',
  trials: 1_000,
  slice: 3,
  hindrance: () =>
    Promise.resolve(canMount() ? undefined : 'filling a disk needs root, to mount a small one'),
  trial,
};

type Acknowledged = ReturnType<typeof acknowledgedIn>[number];

type Disk = { readonly path: string; readonly unmount: () => void };

async function trial(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const disk = makeDisk(directory, random);
  const runtime = join(directory, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  const env = { XDG_RUNTIME_DIR: runtime };
  const violations: Violation[] = [];
  const acknowledged: Acknowledged[] = [];
  const check = (holds: boolean, rule: string, detail: string): void => {
    if (!holds) violations.push({ rule, detail });
  };
  try {
    const shop = await storageOn(disk.path, random.chance(0.3));
    const journal = join(shop.home.root, 'clean', 'journal');
    const isFirst = random.chance(0.5);
    if (!isFirst) {
      const [log = ''] = await finished(shop, 'logs', '91d');
      const ran = await prodigy(
        shop,
        ['--logs', '--all-repos', '--force', '--jsonl', '--older-than', '90d'],
        env,
      );
      check(ran.exitCode === 0 && !existsSync(log), 'P7', `before the disk is full: ${ran.stderr}`);
      acknowledged.push(...acknowledgedIn(ran));
    }
    const filled = fill(disk.path, random);
    const told = `${isFirst ? 'first run, ' : ''}${filled}`;

    const before = fingerprint(shop.home.root, { except: ['clean'] });
    const dry = await prodigy(shop, ['--all', '--all-repos', '--dry-run', '--json'], env);
    check(dry.exitCode === 0, 'P7', `${told}: dry run: ${dry.stderr}`);
    const going = dry.exitCode === 0 ? goingOf(documentOf(dry)) : [];
    check(going.length > 10, 'P7', `${told}: the dry run lists ${going.length} items`);
    if (random.chance(0.3)) {
      const seen = await prodigy(shop, [], env);
      check(seen.exitCode === 0, 'P7', `${told}: overview: ${seen.stderr}`);
    }
    const after = fingerprint(shop.home.root, { except: ['clean'] });
    check(
      differences(before, after, ['.']).length === 0,
      'J12',
      `${told}: the look changed ${differences(before, after).join()}`,
    );
    check(isFirst || existsSync(join(journal, 'reserve')), 'P7', `${told}: a look gave up the reserve`);

    const undo = random.chance(0.5) ? ['--no-undo'] : [];
    const ran = await prodigy(shop, ['--all', '--all-repos', '--force', '--jsonl', ...undo], env);
    acknowledged.push(...acknowledgedIn(ran));
    check(ran.exitCode === 0, 'P7', `${told}: run: exit ${ran.exitCode} ${ran.stderr}`);
    const left = going.filter((item) => existsSync(pathOf(item as ItemId)));
    check(left.length === 0, 'P7', `${told}: not removed: ${left.join(', ')}`);
    violations.push(...kept(before, fingerprint(shop.home.root, { except: ['clean'] }), going, shop));
    violations.push(...(await journalled(shop, env, acknowledged, told)));

    // Room again: the journal is at home, with all that was said, and its reserve is back.
    rmSync(join(disk.path, 'ballast'), { recursive: true, force: true });
    const kills = random.chance(0.4) ? 1 + random.below(2) : 0;
    for (let killed = 0; killed < kills; killed += 1) {
      const at = { STEP_AT: String(1 + random.below(130)), STEP_KILL: '1' };
      const ran = await prodigy(shop, ['--all', '--all-repos', '--force', '--jsonl'], { ...env, ...at });
      acknowledged.push(...acknowledgedIn(ran));
      violations.push(...(await journalled(shop, env, acknowledged, `${told}, killed on the way home`)));
    }
    const again = await prodigy(shop, ['--all', '--all-repos', '--force', '--jsonl', '--no-undo'], env);
    acknowledged.push(...acknowledgedIn(again));
    check(again.exitCode === 0, 'P7', `${told}: with room again: ${again.stderr}`);
    check(existsSync(join(journal, 'reserve')), 'P7', `${told}: the reserve did not come back`);
    check(existsSync(join(journal, 'db')), 'P7', `${told}: the journal did not come home`);
    check(
      readdirSync(runtime).length === 0,
      'P7',
      `${told}: left in the refuge: ${readdirSync(runtime).join()}`,
    );
    violations.push(...(await journalled(shop, env, acknowledged, told)));
    const { entries, violations: wrong } = await readJournal(journal);
    violations.push(...wrong);
    check(entries.length > 0, 'J1', `${told}: the journal at home is empty`);
    return { violations, counts: { runs: isFirst ? 2 : 3, kills, entries: acknowledged.length } };
  } finally {
    disk.unmount();
  }
}

function makeDisk(directory: string, random: Random): Disk {
  const path = join(directory, 'disk');
  mkdirSync(path);
  if (cutHindrance() === undefined && random.chance(0.5)) {
    const image = join(directory, 'image');
    format(image, 'ext4', diskMebibytes, inodes);
    return mountDisk(image, path);
  }
  if (!mountTmpfs(path, `${diskMebibytes}m`, inodes)) throw new Error('no tmpfs could be mounted');
  return { path, unmount: () => void spawnSync('umount', ['-l', path]) };
}

async function storageOn(top: string, hasWorktree: boolean): Promise<Shop> {
  const home = await homeIn(join(top, 'home'), { seed: 3 });
  const shop: Shop = { home, top, repository: join(top, 'src', 'shop') };
  await project(shop.repository, home);
  if (hasWorktree) {
    await finishedWork(shop, '60d', { modules: 3 });
    await finishedWork(shop, '63d', { files: { 'untracked.txt': 'mine\n' } });
  }
  for (const kind of ['state', 'dlq', 'events', 'logs']) {
    await finished(shop, kind, '1d');
    await finished(shop, kind, '80d');
  }
  await addOldItems(home, shop.repository, 5);
  return shop;
}

/** Fills the disk but for a random rest, and says so. */
function fill(disk: string, random: Random): string {
  const ballast = join(disk, 'ballast');
  mkdirSync(ballast);
  if (random.chance(0.3)) {
    const names: string[] = [];
    try {
      for (let index = 0; ; index += 1) {
        const name = join(ballast, String(index));
        writeFileSync(name, '');
        names.push(name);
      }
    } catch {
      // Full.
    }
    const rest = random.chance(0.3) ? 0 : random.below(40);
    for (const name of names.slice(0, rest)) unlinkSync(name);
    return `${rest} files free`;
  }
  const limit = random.pick([0, 16, 256, 4_096, 24_576]);
  const restBytes = limit === 0 ? 0 : random.below(limit) * 1024;
  const { bavail, bsize } = statfsSync(disk);
  const bytes = bavail * bsize - restBytes;
  spawnSync('fallocate', ['-l', String(Math.max(bytes - mebibyte, 4096)), join(ballast, 'most')]);
  // To the last byte: blocks that hold the file together are not counted above.
  for (let size = mebibyte; size >= 512; size /= 2) {
    for (;;) {
      const free = statfsSync(disk);
      if (free.bavail * free.bsize - size < restBytes) break;
      if (
        spawnSync('fallocate', [
          '-l',
          String(size),
          join(ballast, `${size}-${Math.trunc(random.next() * 1e9)}`),
        ]).status !== 0
      )
        break;
    }
  }
  const { bavail: left } = statfsSync(disk);
  return `${Math.trunc((left * bsize) / 1024)} KiB free`;
}

/** Whatever was not listed as going is as it was (J5). */
function kept(
  before: Fingerprint,
  after: Fingerprint,
  going: readonly string[],
  { home }: Shop,
): readonly Violation[] {
  const listed = going.map((item) => pathOf(item as ItemId).slice(home.root.length + 1));
  // A worktree's metadata and a session's checkpoints go with it: those are named after it.
  const isPart = (path: string): boolean =>
    listed.some((one) => path === one || path.startsWith(`${one}/`)) ||
    listed.some((one) => /^(sessions|worktrees)\//.test(one) && path.includes(stemOf(one)));
  return differences(before, after)
    .filter((line) => {
      const path = line.slice(2).replace(/ \([^()]*\)$/, '');
      if (line.startsWith('- ')) return !isPart(path);
      return !line.endsWith('(mtimeNs)') || before.get(path)?.type !== 'directory';
    })
    .map((line) => ({ rule: 'J5', detail: line }));
}

function stemOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.json$/, '');
}

/** All that was acknowledged is what `clean log` tells, and it verifies (J2). */
async function journalled(
  shop: Shop,
  env: Readonly<Record<string, string>>,
  acknowledged: readonly Acknowledged[],
  told: string,
): Promise<readonly Violation[]> {
  const logged = await prodigy(shop, ['log', '--jsonl'], env);
  if (logged.exitCode !== 0) return [{ rule: 'J1', detail: `${told}: clean log: ${logged.stderr}` }];
  const ids = new Map(acknowledgedIn(logged).map(({ id, seq }) => [seq, id]));
  return acknowledged
    .filter(({ id, seq }) => ids.get(seq) !== id)
    .map(({ seq }) => ({ rule: 'J2', detail: `${told}: entry ${seq} was acknowledged and is gone` }));
}
