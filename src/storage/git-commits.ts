import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import { gitComplaint } from './git-complaint.ts';
import { runGit } from './git.ts';
import { errorCode, unreadable } from './see.ts';
import { readPointer } from './worktree-link.ts';

export type Unreachable = { readonly count: number; readonly example: string | undefined };

const hash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;
const zero = /^0+$/u;
const reflogLine = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) /u;
const maxReflogBytes = 64 * 1024 * 1024;

/** Names in the admin directory that can hold a commit of their own. `FETCH_HEAD` came from elsewhere and is there still. */
const pseudoRefs = [
  'ORIG_HEAD',
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'BISECT_EXPECTED_REV',
];

/** Refs that survive when a worktree goes: those of the main repository, without what belongs to one worktree. */
const survivingRefs: readonly string[] = [
  '--exclude=refs/bisect/*',
  '--exclude=refs/worktree/*',
  '--exclude=refs/rewritten/*',
  '--glob=refs/*',
];

/**
 * Commits that HEAD, the reflogs and the refs of one worktree know, and no ref that survives it. Branches survive,
 * HEADs and reflogs do not.
 */
export async function findUnreachable(
  mainGitDir: string,
  adminDir: string,
  head: string,
): Promise<Result<Unreachable, Doubt>> {
  const tips = await tipsOf(adminDir);
  if (tips.isErr()) return err(tips.error);
  const { commits, others } = tips.value;
  commits.add(head);
  const refs = await kindsOf(mainGitDir, [...others]);
  if (refs.isErr()) return err(refs.error);
  for (const commit of refs.value.commits) commits.add(commit);
  // A ref to a file or a tree: no walk over commits can show that it is kept.
  const odd = refs.value.odd;

  const found = await notReached(mainGitDir, [...commits], head);
  if (found.isErr()) return err(found.error);
  return ok({ count: found.value.length + odd.length, example: found.value[0] ?? odd[0] });
}

/** What `tips` reach and the refs in `surviving` do not, newest first. Fails when `head` itself is missing. */
async function notReached(
  gitDir: string,
  tips: readonly string[],
  head: string | undefined,
  surviving: readonly string[] = survivingRefs,
): Promise<Result<readonly string[], Doubt>> {
  const args = ['rev-list', '--stdin', '--not', ...surviving];
  const listed = await runGit(args, { gitDir, input: lines(tips) });
  if (listed.isOk()) return ok(words(listed.value));

  // Reflogs may name commits that were pruned long ago: those are lost already. Only git's own word counts.
  const present = await kindsOf(gitDir, tips);
  if (present.isErr()) return err(present.error);
  const gone = present.value.missing;
  if (gone.length === 0 || (head !== undefined && gone.includes(head))) {
    return err({ reason: 'unreadable', detail: gitComplaint(listed.error), path: gitDir });
  }
  const again = await runGit(args, { gitDir, input: lines(present.value.commits) });
  if (again.isErr()) return err({ reason: 'unreadable', detail: gitComplaint(again.error), path: gitDir });
  return ok([...words(again.value), ...present.value.odd]);
}

type Kinds = {
  readonly commits: readonly string[];
  /** Objects that are neither commits nor tags of commits. */
  readonly odd: readonly string[];
  readonly missing: readonly string[];
};

async function kindsOf(gitDir: string, objects: readonly string[]): Promise<Result<Kinds, Doubt>> {
  if (objects.length === 0) return ok({ commits: [], odd: [], missing: [] });
  const asked = await runGit(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    gitDir,
    input: lines(objects),
    complete: true,
  });
  if (asked.isErr()) return err({ reason: 'unreadable', detail: gitComplaint(asked.error), path: gitDir });
  const kinds: Record<'commits' | 'odd' | 'missing', string[]> = { commits: [], odd: [], missing: [] };
  for (const line of asked.value.split('\n').filter((text) => text !== '')) {
    const [name = '', type] = line.split(' ');
    if (type === 'commit' || type === 'tag') kinds.commits.push(name);
    else if (type === 'missing') kinds.missing.push(name);
    else kinds.odd.push(name);
  }
  return ok(kinds);
}

type Tips = {
  readonly commits: Set<string>;
  /** What per-worktree refs name: it can be any kind of object. */
  readonly others: Set<string>;
};

/** Everything that HEAD-like files, loose refs and reflogs of one worktree name. */
async function tipsOf(adminDir: string): Promise<Result<Tips, Doubt>> {
  const tips = await ownTips(adminDir);
  if (tips.isErr()) return tips;
  const refs = await filesBelow(join(adminDir, 'refs'));
  if (refs.isErr()) return err(refs.error);
  for (const path of refs.value) {
    const text = await readPointer(path);
    if (text.isErr()) return err(text.error);
    const target = (text.value ?? '').trim();
    if (hash.test(target)) tips.value.others.add(target);
    else if (target !== '') return err({ reason: 'unknown-format', detail: 'odd per-worktree ref', path });
  }
  return tips;
}

/** The same without refs. */
async function ownTips(adminDir: string): Promise<Result<Tips, Doubt>> {
  const tips: Tips = { commits: new Set(), others: new Set() };
  for (const name of pseudoRefs) {
    const text = await readPointer(join(adminDir, name));
    if (text.isErr()) return err(text.error);
    // MERGE_HEAD has a line for each parent.
    for (const word of words(text.value ?? '')) if (hash.test(word)) tips.commits.add(word);
  }
  const logs = await filesBelow(join(adminDir, 'logs'));
  if (logs.isErr()) return err(logs.error);
  for (const path of logs.value) {
    const read = await addReflog(path, tips.commits);
    if (read !== undefined) return err(read);
  }
  return ok(tips);
}

async function addReflog(path: string, commits: Set<string>): Promise<Doubt | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxReflogBytes) {
      return { reason: 'unknown-format', detail: 'odd reflog', path };
    }
    for (const line of (await file.readFile('latin1')).split('\n')) {
      if (line === '') continue;
      const [, from, to] = reflogLine.exec(line) ?? [];
      if (from === undefined || to === undefined)
        return { reason: 'unreadable', detail: 'odd reflog line', path };
      if (!zero.test(from)) commits.add(from);
      if (!zero.test(to)) commits.add(to);
    }
    return undefined;
  } catch (cause) {
    return errorCode(cause) === 'ENOENT' ? undefined : unreadable(path, cause);
  }
}

async function filesBelow(directory: string): Promise<Result<readonly string[], Doubt>> {
  const files: string[] = [];
  const waiting = [directory];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    try {
      for (const entry of await readdir(at, { withFileTypes: true })) {
        const path = join(at, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        else files.push(path);
      }
    } catch (cause) {
      if (errorCode(cause) !== 'ENOENT') return err(unreadable(at, cause));
    }
  }
  return ok(files);
}

/**
 * Commits of a nested repository, whose git directory goes with the worktree, that its remotes did not have when it
 * last spoke to them.
 */
export async function findUnpublished(gitDir: string): Promise<Result<Unreachable, Doubt>> {
  const tips = await ownTips(gitDir);
  if (tips.isErr()) return err(tips.error);
  const refs = await runGit(['for-each-ref', '--format=%(objectname) %(refname)'], {
    gitDir,
    complete: true,
  });
  if (refs.isErr()) return err({ reason: 'unreadable', detail: gitComplaint(refs.error), path: gitDir });
  const all = new Set(tips.value.commits);
  for (const line of refs.value.split('\n').filter((text) => text !== '')) {
    const [object = '', name = ''] = line.split(' ');
    if (!name.startsWith('refs/remotes/')) all.add(object);
  }
  const head = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD'], { gitDir });
  if (head.isOk()) all.add(head.value.trim());
  if (all.size === 0) return ok({ count: 0, example: undefined });
  const found = await notReached(gitDir, [...all], undefined, ['--glob=refs/remotes/*']);
  return found.map((commits) => ({ count: commits.length, example: commits[0] }));
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('');
}

function words(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
