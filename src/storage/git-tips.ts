import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import { openFlags } from '../regular-file.ts';
import { errorCode, unreadable } from './see.ts';
import { readPointer } from './worktree-link.ts';

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

export type Tips = {
  readonly commits: Set<string>;
  /** What per-worktree refs name: it can be any kind of object. */
  readonly others: Set<string>;
};

/** Everything that HEAD-like files, loose refs and reflogs of one worktree name. */
export async function tipsOf(adminDir: string): Promise<Result<Tips, Doubt>> {
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
export async function ownTips(adminDir: string): Promise<Result<Tips, Doubt>> {
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

/** Adds what a reflog names; one that is not there names nothing. */
export async function addReflog(path: string, commits: Set<string>): Promise<Doubt | undefined> {
  try {
    await using file = await open(path, openFlags);
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

/** The parts of a text between white space. */
export function words(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
