import { pathOf } from '../model/item.ts';
import type { ActIntent } from '../projections/run-replay.ts';
import { formatTime } from './format.ts';
import { quoted } from './run-line.ts';

/** How something that left its place comes back, or why it does not. */
export type Recovery = {
  readonly possible: boolean;
  readonly sentence: string;
  readonly command?: string;
  readonly untilMs?: number;
};

/** How far an operation came, with what decides what can be done about it. */
export type Fate =
  | { readonly type: 'held'; readonly untilMs: number }
  | { readonly type: 'unfinished' }
  | {
      readonly type: 'freed';
      readonly atMs: number;
      readonly why: string | undefined;
      /** Until then it can be made again. */
      readonly untilMs?: number;
    }
  | { readonly type: 'back' }
  /** Until then it can be made again from what was kept before. */
  | { readonly type: 'vanished'; readonly untilMs?: number }
  /** It was left alone, or could not be removed: nothing of it has gone. */
  | { readonly type: 'in-place' };

/** What decides how it can be made again. */
type Intent = Pick<ActIntent, 'worktree' | 'snapshot'>;

export function recoveryOf(intent: Intent | undefined, fate: Fate, item: string): Recovery {
  switch (fate.type) {
    case 'held':
      return {
        possible: true,
        sentence: `held in quarantine until ${formatTime(fate.untilMs)}`,
        command: `prodigy clean undo ${quoted(item)}`,
        untilMs: fate.untilMs,
      };
    case 'unfinished':
      return {
        possible: false,
        sentence: 'its removal has begun and not ended; what was moved lies in quarantine',
        command: 'prodigy clean resume',
      };
    case 'back':
    case 'in-place':
      return { possible: true, sentence: 'nothing to get back: it is in its place' };
    case 'vanished':
      if (fate.untilMs !== undefined)
        return again('it was gone before we moved it', fate.untilMs, intent, item);
      return { possible: false, sentence: 'it was gone before it could be removed, and not by us' };
    case 'freed':
      if (fate.untilMs !== undefined) return again('freed', fate.untilMs, intent, item);
      return intent?.worktree === undefined ? freed(fate) : worktreeAgain(intent.worktree, item);
  }
}

function again(what: string, untilMs: number, intent: Intent | undefined, item: string): Recovery {
  const until = formatTime(untilMs);
  const ref = intent?.snapshot?.ref;
  const kept = ref === undefined ? '' : `, and the work in it is kept under ${ref} as long`;
  return {
    possible: true,
    sentence: `${what}; it can be made again until ${until}${kept}`,
    command: `prodigy clean undo ${quoted(item)}`,
    untilMs,
  };
}

function freed({ atMs, why }: Extract<Fate, { type: 'freed' }>): Recovery {
  const because: Readonly<Record<string, string>> = {
    'undo-expired': 'its time for undo was over',
    'undo-cap': 'more was held for undo than is allowed, and it was the oldest',
    'disk-full': 'the disk was full',
    'no-undo': 'it was not to be held for undo',
  };
  const reason = why === undefined ? undefined : because[why];
  return {
    possible: false,
    sentence: `cannot be put back: it was freed on ${formatTime(atMs)}${reason === undefined ? '' : `, for ${reason}`}`,
  };
}

/** A worktree is freed at once, because git can make it again. */
function worktreeAgain(
  { mainGitDir, branch: ref, head }: NonNullable<Intent['worktree']>,
  item: string,
): Recovery {
  // By its full name git would check out the commit, and leave the branch.
  const branch = ref?.replace(/^refs\/heads\//, '');
  const repository = mainGitDir.replace(/\/\.git$/, '');
  const add = `git -C ${quoted(repository)} worktree add`;
  const path = quoted(pathOf(item));
  return branch === undefined
    ? {
        possible: true,
        sentence: `freed; git can make it again at commit ${head.slice(0, 12)}`,
        command: `${add} --detach ${path} ${head}`,
      }
    : {
        possible: true,
        sentence: `freed; its branch ${quoted(branch)} was kept at ${head.slice(0, 12)}, and git can make it again`,
        command: `${add} ${path} ${quoted(branch)}`,
      };
}
