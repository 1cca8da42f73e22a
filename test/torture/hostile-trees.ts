import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { clean, finishedWork, project, worktreeOf, type Shop } from '../e2e/shop.ts';
import { asNobody } from '../helpers/as-nobody.ts';
import { homeIn, msAgo } from '../helpers/prodigy-home.ts';
import { binary, repositoryTop } from '../helpers/run-prodigy.ts';
import { canChattr, canMount, isRoot, setImmutable } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { setTimes } from '../helpers/write-tree.ts';
import { acknowledgedIn, removedIn } from './acknowledged.ts';
import { check, Snapshot } from './checker.ts';
import { seeded } from './random.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

/** Trees that resist, mislead or reach elsewhere: what can go goes, what cannot says why, and what lies beyond stays. */
export const suite: Suite = {
  id: 'T13',
  title: 'links, mounts, rights and names',
  trials: 60,
  slice: 4,
  hindrance: possible,
  trial,
};

type Spoke = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null | undefined;
};

type Place = {
  readonly shop: Shop;
  /** Inside a worktree that may go, where git does not look. */
  readonly inside: string;
  /** What must stay as it is, whatever leads to it. */
  readonly decoy: string;
};

/** Something that keeps the item from going, until it is lifted. */
type Obstacle = { readonly lift: () => void };

async function trial(seed: number, directory: string): Promise<Trial> {
  try {
    return await attempt(seed, directory);
  } finally {
    // What is too deep for Node, if it is still there, is not for whoever tidies up after this.
    spawnSync('rm', ['-rf', '--one-file-system', join(directory, 'home', '.prodigy', 'worktrees')]);
  }
}

async function attempt(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const home = await homeIn(join(directory, 'home'), { seed });
  const shop: Shop = { home, top: directory, repository: join(directory, 'src', 'shop') };
  await project(shop.repository, home);
  const session = await finishedWork(shop, '60d', { modules: 3 });
  const worktree = worktreeOf(shop, session);
  const inside = join(worktree, 'node_modules');
  const decoy = join(directory, 'decoy');
  for (const name of ['a', 'b/c', 'node_modules/d']) {
    mkdirSync(dirname(join(decoy, name)), { recursive: true });
    writeFileSync(join(decoy, name), `precious ${name}\n`);
  }
  const place: Place = { shop, inside, decoy };
  const plain = [await claudeLog(home, { startedAgo: '70d', cwd: shop.repository })];
  for (let index = 0; index < 3; index += 1) {
    plain.push((await eventDirectory(home, { repository: 'shop', startedAgo: `${70 + index}d` })).path);
  }
  const stays = atRoot(place);
  const before = Snapshot.take([home.root, decoy]);
  linksIn(inside, decoy);
  namesIn(inside);

  // As somebody without rights, or as root, who can put things in the way that stop even root.
  const way = seed % 4;
  const isNobody = way === 0 && (await canBeNobody());
  const isLate = !isNobody && canMount() && way === 1;
  const obstacle = way === 2 ? obstacleIn(place, worktree, random.chance(0.6)) : undefined;
  if (obstacle === undefined) {
    if (random.chance(0.6)) deepIn(inside, 1_000, 'd');
    if (random.chance(0.6)) deepIn(inside, 30, 'n'.repeat(200));
  }
  await setTimes(inside, msAgo(home, '60d'));
  const quarantine = !isNobody && canMount() && random.chance(0.2) ? bindQuarantine(shop) : undefined;
  let theirs: string | undefined;
  if (isNobody) {
    theirs = (await eventDirectory(home, { repository: 'sticky', startedAgo: '80d' })).path;
    give(directory);
    for (const name of ['locked', 'locked/below']) {
      mkdirSync(join(inside, name), { mode: 0o755 });
      writeFileSync(join(inside, name, 'file'), '');
    }
    give(inside);
    chmodSync(join(inside, 'locked', 'below'), 0o555);
    chmodSync(join(inside, 'locked'), 0o555);
    await setTimes(inside, msAgo(home, '60d'));
    // In a directory where only the owner of a name may take it away.
    chmodSync(dirname(theirs), 0o1777);
    lchownSync(dirname(theirs), 0, 0);
    lchownSync(theirs, 0, 0);
    await setTimes(dirname(theirs), msAgo(home, '80d'));
  }

  const told: Spoke[] = [];
  const violations: Violation[] = [];
  const say = (holds: boolean, rule: string, detail: string): void => {
    if (!holds) violations.push({ rule, detail });
  };
  const run = async (args: readonly string[], env: Record<string, string> = {}): Promise<Spoke> => {
    const spoke: Spoke = isNobody
      ? await asNobody([binary(), 'clean', ...args], {
          env: { HOME: home.home, GIT_CONFIG_NOSYSTEM: '1' },
          cwd: directory,
        })
      : await clean(shop, args, { env });
    told.push(spoke);
    return spoke;
  };
  const all = ['--all', '--all-repos', '--older-than', '30d', '--force', '--no-undo', '--jsonl'];

  try {
    if (isLate) await mountLate(place, session, run, all, say);
    else {
      const ran = await run(all);
      const isBlocked = obstacle !== undefined || theirs !== undefined;
      const told = `exit ${String(ran.exitCode)} ${ran.stdout.slice(-600)}${ran.stderr}`;
      // A mount point that is there when it is looked at keeps its item, which is no failure.
      say(ran.exitCode === 0 || (isBlocked && ran.exitCode === 3), 'P8', told);
      if (!isBlocked) say(!existsSync(worktree), 'P8', `the worktree is still there: ${told}`);
      if (theirs !== undefined)
        say(existsSync(theirs) && ran.exitCode === 3, 'P8', `not theirs to take: ${told}`);
    }
    for (const path of plain) say(!existsSync(path), 'J11', `${path} did not go with the others`);
    for (const path of stays) say(linkExists(path), 'P4', `the link at an item's place is gone: ${path}`);
    obstacle?.lift();
    if (theirs !== undefined) give(dirname(theirs));
    for (const args of [['resume', '--jsonl'], all]) {
      const ran = await run(args);
      say(ran.exitCode === 0, 'P5', `${args[0] ?? ''}: ${ran.stdout.slice(-600)}${ran.stderr}`);
    }
    for (const path of [worktree, ...(theirs === undefined ? [] : [theirs])])
      say(!existsSync(path), 'P5', `nothing is in the way any more, and it is still there: ${path}`);
    quarantine?.();
    // What is too deep cannot be looked at by the checker either; that it is still there was said.
    if (existsSync(worktree)) return { violations, counts: { trees: 1 } };
    violations.push(
      ...(await check({
        roots: [home.root],
        journalDirectory: join(home.root, 'clean', 'journal'),
        before,
        untouched: [{ path: decoy, rule: 'J6' }],
        acknowledged: told.flatMap(acknowledgedIn),
        saidRemoved: told.flatMap(removedIn),
        final: true,
        // Made later, for what is in there cannot be looked at in the same way.
        except: [inside, join(home.root, 'events', 'sticky')],
      })),
    );
  } finally {
    obstacle?.lift();
    quarantine?.();
  }
  const what = isNobody
    ? 'without rights'
    : isLate
      ? 'mounted late'
      : obstacle === undefined
        ? 'free'
        : 'obstacles';
  return { violations, counts: { trees: plain.length + 1, [what]: 1 } };
}

/** A mount that came after the last look: the tree is in quarantine, and only who frees it can see it. */
async function mountLate(
  { shop, decoy }: Place,
  session: string,
  run: (args: readonly string[], env?: Record<string, string>) => Promise<Spoke>,
  all: readonly string[],
  say: (holds: boolean, rule: string, detail: string) => void,
): Promise<void> {
  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  await run(all, { KILL_AT: 'spawn::worktree,remove', NODE_OPTIONS: `--require=${preload}` });
  const quarantine = join(shop.home.root, 'clean', 'quarantine');
  const moved = readdirSync(quarantine)
    .flatMap((id) =>
      readdirSync(join(quarantine, id)).map((name) => join(quarantine, id, name, 'node_modules')),
    )
    .find((path) => existsSync(path));
  say(moved !== undefined, 'trial', `the worktree of ${session} is not in quarantine`);
  if (moved === undefined) return;
  const at = join(moved, 'late');
  mkdirSync(at);
  spawnSync('mount', ['--bind', decoy, at]);
  try {
    const ran = await run(['resume', '--jsonl']);
    say(ran.exitCode === 3, 'P8', `a mount point was freed: exit ${String(ran.exitCode)}`);
  } finally {
    spawnSync('umount', ['-l', at]);
  }
}

/** Links that stand where items would: none is an item, none is followed. */
function atRoot({ shop: { home }, decoy }: Place): readonly string[] {
  const links = {
    [join(
      home.root,
      'logs',
      'claude-streaming',
      '20200101_000000-00000000-0000-4000-8000-000000000000.jsonl',
    )]: join(decoy, 'a'),
    [join(home.root, 'logs', 'claude-streaming', 'dangling.jsonl')]: join(decoy, 'absent'),
    [join(home.root, 'events', 'shop', 'session-00000000-0000-4000-8000-000000000000')]: decoy,
    [join(home.root, 'events', 'shop', 'session-00000000-0000-4000-8000-000000000001')]: `${decoy}/`,
    [join(home.root, 'events', 'linked')]: join(decoy, 'b'),
    // Its name tells its start: it casts no doubt on the event directories of others.
    [join(home.root, 'sessions', 'workflow-1600000000000.json')]: join(decoy, 'a'),
    [join(home.root, 'worktrees', 'shop', 'session-00000000-0000-4000-8000-000000000003')]: decoy,
    [join(home.root, 'dlq', 'shop')]: decoy,
  };
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }
  return Object.keys(links);
}

function linksIn(inside: string, decoy: string): void {
  for (const [name, target] of [
    ['to-file', join(decoy, 'a')],
    ['to-directory', decoy],
    ['with-slash', `${decoy}/`],
    ['to-itself', 'to-itself'],
    ['dangling', join(decoy, 'absent')],
    ['up', '..'],
    ['top', '/'],
    ['.bin', '../../../../..'],
  ] as const) {
    symlinkSync(target, join(inside, name));
  }
}

function namesIn(inside: string): void {
  const odd = [
    '-rf',
    '--',
    ' ',
    'new\nline',
    'tab\t',
    '\u001b[31mred',
    '\u202eevil',
    "it's",
    '"',
    '$(id)',
    '*',
    '\\',
    '~',
    'x'.repeat(255),
  ];
  for (const name of odd) writeFileSync(join(inside, name), 'x');
  const bytes = Buffer.concat([Buffer.from(`${inside}/`), Buffer.from([0xff, 0xfe, 0x80, 0x2d])]);
  mkdirSync(bytes);
  writeFileSync(Buffer.concat([bytes, Buffer.from('/'), Buffer.from([0xc3, 0x28])]), 'x');
}

/** So many directories in each other, by a process that stands in them: their path is longer than any may be. */
function deepIn(inside: string, levels: number, name: string): void {
  const script =
    'chdir $ARGV[0]; for (1..$ARGV[1]) { mkdir $ARGV[2]; chdir $ARGV[2]; } open(F, ">", "deepest"); close F';
  spawnSync('perl', ['-e', script, inside, String(levels), name]);
}

function obstacleIn({ inside, decoy }: Place, worktree: string, isMount: boolean): Obstacle | undefined {
  if (isMount && canMount()) {
    const at = join(inside, 'mounted');
    mkdirSync(at);
    spawnSync('mount', ['--bind', decoy, at]);
    return { lift: () => void spawnSync('umount', ['-l', at]) };
  }
  if (!canChattr()) return undefined;
  setImmutable(join(inside, '-rf'), true);
  // Wherever it has been moved to.
  const root = join(worktree, '..', '..', '..');
  const places = [join(root, 'worktrees'), join(root, 'clean')];
  return { lift: () => void spawnSync('chattr', ['-R', '-f', '-i', ...places]) };
}

/** A quarantine of the same file system, with the same device number, that no rename can reach. */
function bindQuarantine({ home }: Shop): () => void {
  const at = join(home.root, 'clean', 'quarantine');
  mkdirSync(at, { recursive: true, mode: 0o700 });
  chmodSync(join(home.root, 'clean'), 0o700);
  spawnSync('mount', ['--bind', at, at]);
  return () => void spawnSync('umount', ['-l', at]);
}

let nobody: Promise<boolean> | undefined;

/** Whether somebody without rights may run the program from where it lies. */
function canBeNobody(): Promise<boolean> {
  nobody ??= asNobody([binary(), 'clean', '--help']).then(({ exitCode }) => isRoot() && exitCode === 0);
  return nobody;
}

/** Makes all of it, however deep, belong to somebody without rights. */
function give(path: string): void {
  spawnSync('chown', ['-hR', '65534:65534', path]);
}

function linkExists(path: string): boolean {
  return readdirSync(dirname(path)).includes(path.slice(dirname(path).length + 1));
}
