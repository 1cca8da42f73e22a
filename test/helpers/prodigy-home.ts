import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { durationMs } from './duration.ts';
import { makeIds, type Ids } from './ids.ts';
import { temporaryDirectory, type Teardown } from './temporary.ts';
import { setTimes, writeTree, type Tree } from './write-tree.ts';

/** A HOME with Prodigy's storage in it, real files on a real disk. The artefact functions write into it. */
export type ProdigyHome = {
  /** What HOME is set to. */
  readonly home: string;
  /** `<home>/.prodigy`: worktrees, Claude logs and the orphan registry always lie here. */
  readonly root: string;
  /** Where sessions, state, events, dead letters and locks lie: `root`, or what PRODIGY_HOME is set to. */
  readonly dataRoot: string;
  /** The moment all ages are counted back from. The real clock, read once, because the tool reads the real one. */
  readonly nowMs: number;
  readonly ids: Ids;
};

export type HomeOptions = {
  readonly seed?: number;
  readonly nowMs?: number;
  /** Splits the storage over two roots, as PRODIGY_HOME does. Relative to the temporary directory. */
  readonly prodigyHome?: string;
};

/** A storage made of `tree` (paths relative to `.prodigy`) in a temporary HOME, gone when the test ends. */
export async function prodigyHome(
  t: Teardown,
  tree: Tree = {},
  options: HomeOptions = {},
): Promise<ProdigyHome> {
  const top = temporaryDirectory(t);
  const split = options.prodigyHome === undefined ? {} : { prodigyHome: join(top, options.prodigyHome) };
  const home = await homeIn(join(top, 'home'), { ...options, ...split });
  await writeTree(home.root, tree, home.nowMs);
  return home;
}

/** An empty storage at `home`, which need not exist. For whoever cleans up by himself. */
export async function homeIn(home: string, options: HomeOptions = {}): Promise<ProdigyHome> {
  const root = join(home, '.prodigy');
  const dataRoot = options.prodigyHome ?? root;
  await mkdir(root, { recursive: true });
  await mkdir(dataRoot, { recursive: true });
  return { home, root, dataRoot, nowMs: options.nowMs ?? Date.now(), ids: makeIds(options.seed ?? 1) };
}

/** UTC milliseconds of `ago` before the home's now. */
export function msAgo(home: ProdigyHome, ago: string): number {
  return home.nowMs - durationMs(ago);
}

/** Writes one file, its directories, and its time. */
export async function writeAged(path: string, content: string | Uint8Array, atMs: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await setTimes(path, atMs);
  return path;
}

/** As serde prints it: two spaces, no newline at the end. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
