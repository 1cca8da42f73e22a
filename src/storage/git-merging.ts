import { mkdtemp, rmdir, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wholeChange } from './git-patches.ts';
import { runGit } from './git.ts';

type Fork = { readonly head: string; readonly base: string };
type Entry = { readonly mode: string; readonly object: string };
type Change = { readonly path: string; readonly from: Entry; readonly to: Entry };

/** A file with conflicting histories in more than this is not worth the question. */
const maxMergedFiles = 50;
const maxFileBytes = 1024 * 1024;
const absent: Entry = { mode: '000000', object: '' };

/**
 * Which heads could be merged into the target without adding anything to it: everything that they changed is there,
 * whatever else has changed since, in the same files too. git's own simulated merge writes what it merges into the
 * repository, and nothing may be written there; so each file is merged by itself, outside.
 */
export async function mergingAddsNothing(
  gitDir: string,
  target: string,
  forks: readonly Fork[],
): Promise<readonly string[]> {
  if (forks.length === 0) return [];
  const changes = await readChanges(gitDir, forks);
  const there = await readTree(gitDir, target);
  if (there === undefined) return [];
  const contained: string[] = [];
  for (const { head } of forks) {
    const of = changes.get(head);
    if (of !== undefined && (await isContained(gitDir, of, there))) contained.push(head);
  }
  return contained;
}

async function isContained(
  gitDir: string,
  changes: readonly Change[],
  there: ReadonlyMap<string, Entry>,
): Promise<boolean> {
  const toMerge: { readonly change: Change; readonly ours: Entry }[] = [];
  for (const change of changes) {
    const ours = there.get(change.path) ?? absent;
    if (isSame(ours, change.to)) continue;
    const isModeThere = change.from.mode === change.to.mode || ours.mode === change.to.mode;
    const areFiles = [ours, change.from, change.to].every(({ mode }) => mode.startsWith('100'));
    if (isSame(ours, change.from) || !isModeThere || !areFiles) return false;
    toMerge.push({ change, ours });
  }
  if (toMerge.length > maxMergedFiles) return false;
  for (const { change, ours } of toMerge) {
    const objects = [ours.object, change.from.object, change.to.object] as const;
    if (!(await isMergedAlready(gitDir, objects))) return false;
  }
  return true;
}

/**
 * Whether the target has taken back some of what landed in it: merging the head once more would bring it there again.
 * Where both changed the same place since, the target went on from there. What cannot be found out counts as taken back.
 */
export async function isTakenBack(gitDir: string, target: string, fork: Fork): Promise<boolean> {
  const changes = (await readChanges(gitDir, [fork])).get(fork.head);
  const there = await readTree(gitDir, target);
  if (changes === undefined || there === undefined || changes.length > maxMergedFiles) return true;
  for (const { path, from, to } of changes) {
    const ours = there.get(path) ?? absent;
    if (isSame(ours, to)) continue;
    if (isSame(ours, from)) return true;
    if (![ours, from, to].every(({ mode }) => mode.startsWith('100'))) continue;
    const texts = await readFiles(gitDir, [ours.object, from.object, to.object]);
    if (texts === undefined) return true;
    const merged = await mergeFiles(texts);
    if (merged !== undefined && merged !== texts[0]) return true;
  }
  return false;
}

function isSame(a: Entry, b: Entry): boolean {
  return a.mode === b.mode && a.object === b.object;
}

/** Whether merging `theirs` into `ours` gives `ours`. */
async function isMergedAlready(
  gitDir: string,
  [ours, base, theirs]: readonly [string, string, string],
): Promise<boolean> {
  const texts = await readFiles(gitDir, [ours, base, theirs]);
  return texts !== undefined && (await mergeFiles(texts)) === texts[0];
}

async function readFiles(gitDir: string, objects: readonly string[]): Promise<readonly string[] | undefined> {
  const texts: string[] = [];
  for (const object of objects) {
    const options = { gitDir, encoding: 'latin1', maxOutputBytes: maxFileBytes } as const;
    const read = await runGit(['cat-file', 'blob', object], options);
    if (read.isErr()) return undefined;
    texts.push(read.value);
  }
  return texts;
}

/** `undefined` when they have conflicts, or cannot be merged. */
async function mergeFiles(texts: readonly string[]): Promise<string | undefined> {
  const written: string[] = [];
  let directory: string | undefined;
  try {
    directory = await mkdtemp(join(tmpdir(), 'prodigy-merge-'));
    for (const [index, text] of texts.entries()) {
      const path = join(directory, `${index}`);
      written.push(path);
      await writeFile(path, text, { encoding: 'latin1', mode: 0o600 });
    }
    const args = ['merge-file', '-p', '-q', ...written];
    const merged = await runGit(args, { cwd: directory, encoding: 'latin1' });
    return merged.unwrapOr(undefined);
  } catch {
    // No place for it: then it cannot be told.
    return undefined;
  } finally {
    for (const path of written) await unlink(path).catch(() => undefined);
    if (directory !== undefined) await rmdir(directory).catch(() => undefined);
  }
}

const header = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;

async function readChanges(
  gitDir: string,
  forks: readonly Fork[],
): Promise<ReadonlyMap<string, readonly Change[]>> {
  const input = forks.map(({ head, base }) => `${head} ${base}\n`).join('');
  const args = ['diff-tree', '--stdin', '-r', '-z', '--raw', '--no-abbrev', ...wholeChange];
  const listed = await runGit(args, { gitDir, input, encoding: 'latin1' });
  const changes = new Map<string, Change[]>();
  let current: Change[] = [];
  const words = listed.unwrapOr('').split('\0');
  for (let index = 0; index < words.length; index += 1) {
    const word = (words[index] ?? '').trimStart();
    if (header.test(word)) {
      current = [];
      changes.set(word, current);
    } else if (word.startsWith(':')) {
      const [fromMode = '', toMode = '', fromObject = '', toObject = ''] = word.slice(1).split(' ');
      const path = words[index + 1] ?? '';
      current.push({ path, from: entry(fromMode, fromObject), to: entry(toMode, toObject) });
      index += 1;
    }
  }
  return changes;
}

function entry(mode: string, object: string): Entry {
  return mode === absent.mode ? absent : { mode, object };
}

async function readTree(gitDir: string, commit: string): Promise<ReadonlyMap<string, Entry> | undefined> {
  const listed = await runGit(['ls-tree', '-r', '-z', '--full-tree', commit], { gitDir, encoding: 'latin1' });
  if (listed.isErr()) return undefined;
  const tree = new Map<string, Entry>();
  for (const record of listed.value.split('\0')) {
    const tab = record.indexOf('\t');
    const [mode = '', , object = ''] = record.slice(0, tab).split(' ');
    if (tab > 0) tree.set(record.slice(tab + 1), { mode, object });
  }
  return tree;
}
