import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { operationOf, trashPrefix } from '../../src/cleaners/quarantine-place.ts';
import type { Move } from '../../src/journal/event-removal.ts';
import { changesOf, differencesBelow, isAtOrBelow, Snapshot } from './checker-snapshot.ts';
import type { Operation, Story } from './checker-story.ts';
import type { Violation } from './suite.ts';

/** What must be as it was, and by which rule: protected or changed (J5), beyond a link or mount (J6), a dry run (J12). */
export type Untouched = string | { readonly path: string; readonly rule: string };

/** J5, J6, J12, J14: byte-identical, modes, times and targets of links included. */
export function untouchedOf(
  untouched: readonly Untouched[],
  before: Snapshot,
  now: Snapshot,
  own: (path: string) => boolean,
): Violation[] {
  return untouched.flatMap((one) => {
    const { path, rule } = typeof one === 'string' ? { path: one, rule: 'J5' } : one;
    return differencesBelow(path, before, now)
      .filter((line) => !own(line.slice(0, line.search(/ (appeared|is gone|changed \()/))))
      .map((detail) => ({ rule, detail }));
  });
}

export type Own = {
  readonly roots: readonly string[];
  /** What the trial itself changed since `before`. */
  readonly except: readonly string[];
};

/** Whether a path is the program's own place in a root: it may do there what it likes, but for what J8 asks. */
export function isOwn(path: string, { roots }: Pick<Own, 'roots'>): boolean {
  return roots.some((root) =>
    [join(root, 'clean'), join(root, 'resume_locks')].some((top) => isAtOrBelow(path, top)),
  );
}

const leftAlone: ReadonlySet<string> = new Set(['ItemDrifted', 'ItemFailed', 'ItemVanished', 'ItemRestored']);

type Left = { readonly operation: Operation; readonly move: Move };

/**
 * J3 and J7: whatever is gone from its place went by an intent that named it, as the object it was; nothing else below
 * the roots vanished, appeared or changed, and what still stands in its place, or waits in quarantine, is whole.
 */
export function placesOf(story: Story, before: Snapshot, now: Snapshot, own: Own): Violation[] {
  const operations = [...story.operations.values()];
  const moves = operations.flatMap((operation) =>
    operation.intent.moves.map((move) => ({ operation, move })),
  );
  const byPath = new Map<string, Left[]>();
  for (const left of moves) byPath.set(left.move.path, [...(byPath.get(left.move.path) ?? []), left]);
  const parents = new Set(moves.map(({ move }) => dirname(move.path)));
  const registrations = operations.flatMap(({ intent }) => intent.worktree?.adminDir ?? []);
  const isException = (path: string): boolean =>
    isOwn(path, own) || own.except.some((top) => isAtOrBelow(path, top)) || isTrash(path, story);

  const violations: Violation[] = [];
  for (const [path, was] of before.prints) {
    if (isException(path)) continue;
    const is = now.prints.get(path);
    if (is === undefined) {
      if (registrations.some((admin) => isAtOrBelow(path, admin) || path === dirname(admin))) continue;
      const why = whyGone(path, byPath, before);
      if (why !== undefined) violations.push({ rule: 'J3', detail: `${path} left its place: ${why}` });
      continue;
    }
    // The last of its operations: an earlier one may have been undone.
    if (was.object === is.object && byPath.get(path)?.at(-1)?.operation.end === 'ItemRemoved')
      violations.push({ rule: 'J2', detail: `${path} is in its place, and the journal says ItemRemoved` });
    // A directory's own time changes with what is taken out of it.
    const isHolder =
      was.type === 'directory' &&
      (parents.has(path) ||
        own.roots.includes(path) ||
        own.except.some((top) => dirname(top) === path) ||
        registrations.some((admin) => path === dirname(admin) || path === dirname(dirname(admin))));
    const changed = changesOf(was, is, !isHolder);
    if (was.object !== is.object && changed.length === 0) changed.push('object');
    if (changed.length > 0)
      violations.push({ rule: 'J7', detail: `${path} changed (${changed.join(', ')})` });
  }
  for (const path of now.prints.keys()) {
    if (before.prints.has(path) || isException(path)) continue;
    violations.push({ rule: 'J7', detail: `${path} appeared` });
  }
  const untold = moves.filter(({ move }) => !isException(move.path));
  return [...violations, ...waitingOf(untold, before, now)];
}

/** Why a path should not be gone; `undefined` when an intent explains it. */
function whyGone(
  path: string,
  byPath: ReadonlyMap<string, readonly Left[]>,
  before: Snapshot,
): string | undefined {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    const intents = byPath.get(at);
    if (intents === undefined) continue;
    const object = before.prints.get(at)?.object;
    const fitting = intents.filter(
      ({ move: { identity } }) => `${identity.ino}:${identity.birthtimeNs}` === object,
    );
    if (fitting.length === 0) return `no intent for ${at} knows it as the object it was`;
    const last = fitting.at(-1)?.operation;
    if (last?.end !== undefined && leftAlone.has(last.end))
      return `the journal says of operation ${last.op}: ${last.end}`;
    return undefined;
  }
  return 'no intent names it';
}

/** What is in quarantine and has not begun to be freed is as it was in its place. */
function waitingOf(moves: readonly Left[], before: Snapshot, now: Snapshot): Violation[] {
  return moves.flatMap(({ operation: { state, isHeld, op }, move }) => {
    const isWhole = state === 'intended' || (state === 'quarantined' && isHeld);
    const then = before.prints.get(move.path);
    const there = now.prints.get(move.to);
    if (!isWhole || then === undefined || there?.object !== then.object) return [];
    return [...before.prints].flatMap(([path, was]) => {
      if (!isAtOrBelow(path, move.path)) return [];
      const is = now.prints.get(move.to + path.slice(move.path.length));
      const changed = is === undefined ? ['gone'] : changesOf(was, is);
      if (changed.length === 0) return [];
      return [{ rule: 'J7', detail: `${path}, in quarantine (${op}), changed (${changed.join(', ')})` }];
    });
  });
}

function isTrash(path: string, { operations }: Story): boolean {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    if (basename(at).startsWith(trashPrefix)) return operations.has(operationOf(at) ?? '');
  }
  return false;
}

/** J8: nothing of ours lies about after the final resume, but what is held for undo or blocked for good. */
export function leftoversOf(
  { operations }: Story,
  now: Snapshot,
  before: Snapshot | undefined,
  own: Own,
): Violation[] {
  const violations: Violation[] = [];
  const j8 = (detail: string): number => violations.push({ rule: 'J8', detail });
  for (const path of now.prints.keys()) {
    if (own.except.some((top) => isAtOrBelow(path, top)) || !isQuarantineEntry(path, own.roots)) continue;
    const operation = operations.get(operationOf(path) ?? '');
    if (operation === undefined) j8(`${path} lies in quarantine and no operation explains it`);
    else if (operation.state === 'ended') j8(`${path} lies in quarantine after ${operation.end}`);
  }
  for (const root of own.roots) {
    for (const name of namesIn(join(root, 'resume_locks'))) {
      const path = join(root, 'resume_locks', name);
      const isForeign = before?.prints.has(path) === true || own.except.some((top) => isAtOrBelow(path, top));
      if (!isForeign) j8(`a resume lock is left: ${path}`);
    }
    for (const name of namesIn(join(root, 'clean')))
      if (name.startsWith('run.lock')) j8(`a run lock is left: ${join(root, 'clean', name)}`);
  }
  return violations;
}

function isQuarantineEntry(path: string, roots: readonly string[]): boolean {
  if (basename(path).startsWith(trashPrefix)) return true;
  return roots.some((root) => dirname(dirname(path)) === join(root, 'clean', 'quarantine'));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
