import { createHash } from 'node:crypto';
import { runGit } from './git.ts';

/** By the commit that was asked about. */
export type Patches = ReadonlyMap<string, string>;

/** Nothing that a person reviews is larger; beyond it nothing is claimed. */
const maxPatchBytes = 64 * 1024 * 1024;

/** Everything that differs between two trees, by its own name: a setting could leave submodules out. */
export const wholeChange: readonly string[] = ['--no-renames', '--ignore-submodules=none'];

/** Neither the user's nor the repository's settings change what is compared, nor do they run anything. */
const plain = [...wholeChange, '--no-ext-diff', '--no-textconv', '--no-color', '--full-index', '-U3'];

/**
 * The change that each commit made, as one short text that is equal for equal changes wherever they are applied: line
 * numbers do not count, white space and context do. Commits without a change have none, and none has one when git
 * cannot show them all.
 *
 * @param asked - a commit, to be compared with its parent, or a commit and what to compare it with instead
 */
export async function readPatches(
  gitDir: string,
  asked: readonly (readonly [string] | readonly [string, string])[],
): Promise<Patches> {
  if (asked.length === 0) return new Map();
  const input = asked.map((words) => `${words.join(' ')}\n`).join('');
  const args = ['diff-tree', '--stdin', '--root', '-p', ...plain];
  const options = { gitDir, input, encoding: 'latin1', maxOutputBytes: maxPatchBytes } as const;
  const shown = await runGit(args, options);
  return parsePatches(shown.unwrapOr(''));
}

const header = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;

function parsePatches(text: string): Patches {
  const patches = new Map<string, string>();
  let commit: string | undefined;
  let lines: string[] = [];
  const finish = (): void => {
    if (commit !== undefined && lines.length > 0) patches.set(commit, digest(lines));
    lines = [];
  };
  // Every line of a patch begins with something else than a hexadecimal digit but for its few known words.
  for (const line of text.split('\n')) {
    if (header.test(line)) {
      finish();
      commit = line;
    } else if (line !== '') lines.push(line);
  }
  finish();
  return patches;
}

function digest(lines: readonly string[]): string {
  const hash = createHash('sha256');
  let objects = '';
  for (const line of lines) {
    if (line.startsWith('index ')) {
      objects = line;
      continue;
    }
    // Of a binary file nothing else is told: both sides must be the same.
    if (line.startsWith('Binary files ')) hash.update(`${objects}\n`);
    hash.update(line.startsWith('@@ ') ? '@@\n' : `${line}\n`);
  }
  return hash.digest('hex');
}
