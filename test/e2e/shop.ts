import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { commitFile, makeRepository } from '../helpers/git.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { durationMs } from '../helpers/duration.ts';
import { jobState } from '../helpers/job-artefacts.ts';
import { prodigyHome, type HomeOptions, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { jsonLines, runProdigy, type Ran, type RunOptions } from '../helpers/run-prodigy.ts';
import { session } from '../helpers/session-artefacts.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import type { Teardown } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { differences, fingerprint, type Fingerprint } from '../helpers/tree.ts';
import { sessionWorktree, type WorktreeSpec } from '../helpers/worktree-artefacts.ts';

/** A home, a repository beside it, and nothing in the storage yet. */
export type Shop = {
  readonly home: ProdigyHome;
  /** Holds the home and the repositories. */
  readonly top: string;
  /** `<top>/src/shop`. */
  readonly repository: string;
};

export async function makeShop(t: Teardown, options: HomeOptions = {}): Promise<Shop> {
  const home = await prodigyHome(t, {}, options);
  const top = dirname(home.home);
  const repository = join(top, 'src', 'shop');
  await project(repository, home);
  return { home, top, repository };
}

/** A repository with one commit, a year old. */
export async function project(path: string, home: ProdigyHome): Promise<string> {
  await makeRepository(path);
  const atMs = home.nowMs - durationMs('365d');
  await commitFile(path, '.gitignore', 'node_modules/\n.env\n', { atMs });
  return path;
}

/** `prodigy clean ...` in the shop's repository. */
export function clean(shop: Shop, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { home, repository } = shop;
  const split = home.dataRoot === home.root ? {} : { PRODIGY_HOME: home.dataRoot };
  return runProdigy(home, ['clean', ...args], {
    cwd: repository,
    ...options,
    env: { ...split, ...options.env },
  });
}

/** A session that completed so long ago, with its worktree and one commit on its branch. Answers the id. */
export async function finishedWork(
  shop: Shop,
  ago: string,
  more: Partial<WorktreeSpec> & { readonly status?: string } = {},
): Promise<string> {
  const { home, repository } = shop;
  const { status = 'Completed', ...spec } = more;
  const { id } = await session(home, { status, startedAgo: `${ago}1h`, endedAgo: ago });
  await sessionWorktree(home, {
    repository,
    id,
    createdAgo: `${ago}1h`,
    lastAgo: ago,
    commits: { [`feature-${id}.txt`]: 'done\n' },
    ...spec,
  });
  return id;
}

export function worktreeOf({ home }: Shop, id: string, container = 'shop'): string {
  return join(home.root, 'worktrees', container, id);
}

export function metadataOf({ home }: Shop, id: string, container = 'shop'): string {
  return join(home.root, 'worktrees', container, '.metadata', `${id}.json`);
}

export function recordOf({ home }: Shop, id: string): string {
  return join(home.dataRoot, 'sessions', `${id}.json`);
}

/** A session that completed so long ago and left its record and a checkpoint. */
export async function finishedSession({ home, repository }: Shop, ago: string): Promise<string[]> {
  const { id, path } = await session(home, { status: 'Completed', startedAgo: `${ago}1h`, endedAgo: ago });
  const checkpoint = await workflowCheckpoint(home, {
    session: id,
    ago,
    status: 'Completed',
    workingDirectory: repository,
  });
  return [path, dirname(checkpoint)];
}

/** A small item of a kind that belongs to the shop, finished so long ago. Answers the paths that go with it. */
export async function finished(shop: Shop, kind: string, ago: string): Promise<string[]> {
  const { home, repository } = shop;
  switch (kind) {
    case 'worktrees': {
      const id = await finishedWork(shop, ago);
      return [worktreeOf(shop, id), metadataOf(shop, id)];
    }
    case 'sessions':
      return finishedSession(shop, ago);
    case 'logs':
      return [await claudeLog(home, { cwd: repository, startedAgo: ago })];
    case 'state':
      return [(await jobState(home, { repository: 'shop', complete: true, updatedAgo: ago })).path];
    case 'events':
      return [(await eventDirectory(home, { repository: 'shop', startedAgo: ago })).path];
    case 'dlq': {
      const job = home.ids.job(home.nowMs - durationMs(ago));
      const letters = [{ item: 'item_1', lastAttemptAgo: ago }];
      const path = await deadLetters(home, { layout: 'short', repository: 'shop', job, letters });
      // An orphan is as young as its youngest directory.
      await settleDirectories(path);
      return [path];
    }
    default:
      throw new Error(`no kind ${kind}`);
  }
}

/** Everything below the shop's top but what `clean/` holds. */
export function look({ home, top }: Shop): Fingerprint {
  const own = [home.root, home.dataRoot].map((root) => join(relative(top, root), 'clean'));
  return fingerprint(top, { except: own });
}

/**
 * The outermost paths (absolute) that are gone since `before`. Fails `t` when anything else changed, but for the times
 * of the directories they were in, and git's own register of worktrees.
 */
export function goneSince(
  t: { readonly deepEqual: (actual: unknown, expected: unknown, message?: string) => unknown },
  shop: Shop,
  before: Fingerprint,
): string[] {
  const lines = differences(before, look(shop));
  const gone = lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2));
  const isGone = new Set(gone);
  const outermost = gone.filter((path) => !isGone.has(dirname(path)));
  const containers = new Set(outermost.map((path) => dirname(path)));
  // Where `clean/` or `resume_locks/` came and went.
  containers.add(relative(shop.top, shop.home.root)).add(relative(shop.top, shop.home.dataRoot));
  const odd = lines.filter((line) => {
    if (line.startsWith('- ')) return false;
    const [, path = '', what = ''] = /^~ (.*) \(([^)]*)\)$/.exec(line) ?? [];
    const isTime = what === 'mtimeNs' && before.get(path)?.type === 'directory';
    const isGit = /(^|\/)\.git(\/worktrees)?$/.test(path);
    return !(isTime && (containers.has(path) || isGit));
  });
  t.deepEqual(odd, [], 'nothing else changed');
  return outermost.filter((path) => !/\.git\/worktrees(\/|$)/.test(path)).map((path) => join(shop.top, path));
}

export type LoggedEntry = Record<string, unknown> & {
  readonly type: string;
  readonly run?: string;
  readonly op?: string;
  readonly at: string;
  readonly data: Record<string, unknown>;
};

/** The journal, as `clean log --jsonl` tells it. */
export async function journalOf(shop: Shop): Promise<LoggedEntry[]> {
  const ran = await clean(shop, ['log', '--jsonl']);
  if (ran.exitCode !== 0) throw new Error(`clean log: ${ran.stderr}`);
  return jsonLines(ran) as unknown as LoggedEntry[];
}

/** What `quarantine/` still holds, in both roots. */
export function inQuarantine({ home }: Shop): string[] {
  return [...new Set([home.root, home.dataRoot])].flatMap((root) => {
    const quarantine = join(root, 'clean', 'quarantine');
    try {
      return readdirSync(quarantine).flatMap((id) => readdirSync(join(quarantine, id)));
    } catch {
      return [];
    }
  });
}

/** Puts a file in the place of the quarantine, so that nothing can be held for undo. Answers its path. */
export function blockQuarantine({ home }: Shop): string {
  const quarantine = join(home.root, 'clean', 'quarantine');
  mkdirSync(dirname(quarantine), { recursive: true });
  rmSync(quarantine, { recursive: true, force: true });
  writeFileSync(quarantine, 'in the way');
  return quarantine;
}

export type Document = {
  readonly run: string;
  readonly plan: string;
  readonly outcome: string;
  readonly exitCode: number;
  readonly dryRun: boolean;
  readonly items: readonly {
    readonly id: string;
    readonly kind: string;
    readonly name: string;
    readonly path: string;
    readonly bytes: number;
    readonly verdict: 'keep' | 'remove';
    readonly reason: string;
    readonly outcome: string;
    readonly evidence: Record<string, unknown>;
  }[];
  readonly before: Record<string, { items: number; bytes: number }>;
  readonly after: Record<string, { items: number; bytes: number }>;
  readonly kinds: Record<string, Record<string, number>>;
  readonly failures: readonly Record<string, unknown>[];
  readonly reclaimedBytes: number;
  readonly heldForUndoBytes: number;
} & Record<string, unknown>;

export function documentOf(ran: Ran): Document {
  try {
    return JSON.parse(ran.stdout) as Document;
  } catch {
    throw new Error(`not one JSON document (exit ${ran.exitCode}):\n${ran.stdout}\n${ran.stderr}`);
  }
}

/** Ids of the items that a document says go. */
export function goingOf(document: Document): string[] {
  return document.items.filter(({ verdict }) => verdict === 'remove').map(({ id }) => id);
}

/** Reason codes by item id. */
export function reasonsOf(document: Document): Record<string, string> {
  return Object.fromEntries(document.items.map(({ id, reason }) => [id, reason]));
}
