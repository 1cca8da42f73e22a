import type { Failure, RootFailure } from '../../src/model/failure.ts';
import { adviceFor, causeOf, causes } from '../../src/ui/errno-words.ts';
import { explain } from '../../src/ui/explain.ts';

const journal = '/home/ada/.prodigy/clean/journal';
const worktree = '/home/ada/.prodigy/worktrees/shop/session-abc';
const day = Date.UTC(2026, 10, 25, 9, 30);
const disk = { type: 'disk', code: 'EACCES', syscall: 'rename', path: worktree } as const;

const lock = {
  type: 'run-locked',
  path: '/home/ada/.prodigy/clean/run.lock',
  pid: 21_855,
  host: 'laptop',
  since: new Date(day).toISOString(),
  command: 'prodigy clean --all',
} as const;

type Samples = { readonly [Type in Failure['type']]: readonly Extract<Failure, { readonly type: Type }>[] };

/** One failure, or more where the sentences differ, of each type there is: the compiler asks for a new one. */
const samples: Samples = {
  disk: [disk],
  'outside-storage': [{ type: 'outside-storage', path: '/home/ada/elsewhere' }],
  git: [
    {
      type: 'git',
      args: ['worktree', 'list'],
      exitCode: 128,
      stderr: "fatal: detected dubious ownership in repository at '/home/ada/src/shop'",
    },
  ],
  'journal-locked': [{ type: 'journal-locked', path: journal }],
  'journal-absent': [{ type: 'journal-absent', path: journal }],
  'journal-full': [{ type: 'journal-full', path: journal, freeBytes: 12_288 }],
  'journal-unavailable': [
    { type: 'journal-unavailable', path: journal, code: 'EROFS', detail: 'read-only file system' },
  ],
  'journal-damaged': [
    { type: 'journal-damaged', path: journal, seq: 4711, detail: 'its hash does not follow from entry 4710' },
  ],
  'journal-truncated': [{ type: 'journal-truncated', path: journal, anchorSeq: 4711, headSeq: 4690 }],
  'journal-newer': [{ type: 'journal-newer', path: journal, format: 3, supported: 2 }],
  'journal-dead': [{ type: 'journal-dead', path: journal }],
  'holds-unknown': [
    {
      type: 'holds-unknown',
      root: '/home/ada/.prodigy',
      cause: { type: 'journal-damaged', path: journal, seq: 4711, detail: 'no JSON object' },
    },
  ],
  'root-refused': roots(),
  usage: [
    {
      type: 'usage',
      problem: "There is no 'prodigy clean worktree'; did you mean 'worktrees'?",
      text: undefined,
      accepted: ['all', 'worktrees', 'sessions', 'state', 'dlq', 'logs', 'events'],
    },
  ],
  'no-terminal': [
    { type: 'no-terminal', items: 58, bytes: 4_404_019 },
    { type: 'no-terminal', items: 58, bytes: 4_404_019, output: 'json' },
  ],
  'clock-behind': [{ type: 'clock-behind', lastEntryAtMs: day, nowMs: day - 86_400_000 }],
  'clock-ahead': [
    {
      type: 'clock-ahead',
      lastEntryAtMs: day,
      nowMs: day + 400 * 86_400_000,
      uptimeMs: 7_200_000,
      aheadMs: 399 * 86_400_000,
    },
    {
      type: 'clock-ahead',
      lastEntryAtMs: day,
      nowMs: day + 60 * 86_400_000,
      uptimeMs: 300_000,
      silentFromMs: day + 3_600_000,
      silentUntilMs: day + 60 * 86_400_000,
    },
  ],
  'unfinished-work': [{ type: 'unfinished-work', operations: 12 }],
  'plan-expired': [
    {
      type: 'plan-expired',
      plan: 'ddd284b84b5accfb',
      shownAtMs: day,
      nowMs: day + 2 * 86_400_000,
      again: 'prodigy clean --worktrees --dry-run',
    },
  ],
  'not-abandonable': [
    { type: 'not-abandonable', target: 'session:session-abc', reason: 'active', status: 'Running' },
  ],
  'max-delete': [{ type: 'max-delete', limit: '25', items: 58, bytes: 4_404_019, found: 146 }],
  'run-locked': [
    { ...lock, where: 'here' },
    { ...lock, where: 'host', host: 'build-7' },
  ],
  'purge-blocked': [{ type: 'purge-blocked', path: worktree, blocked: [disk], count: 3 }],
  'half-moved': [{ type: 'half-moved', path: worktree, cause: { ...disk, code: 'EIO' } }],
  'unknown-run': [{ type: 'unknown-run', text: 'V1StGXR8' }],
  'unknown-plan': [{ type: 'unknown-plan', text: '7f3a9c' }],
  'unknown-item': [
    { type: 'unknown-item', text: 'session-abd', similar: ['sessions:session-abc'] },
    { type: 'unknown-item', text: 'session-abd', similar: [], among: 'journal' },
    { type: 'unknown-item', text: 'session-abd', similar: [], among: 'pins' },
  ],
  'no-prodigy': [{ type: 'no-prodigy', args: ['run', 'review.yml'] }],
  'scan-failed': [
    { type: 'scan-failed', kind: 'logs', cause: { ...disk, code: 'EIO', path: '/home/ada/.prodigy/logs' } },
  ],
};

function roots(): readonly RootFailure[] {
  const values: { readonly [Why in RootFailure['why']]: string | undefined } = {
    unset: undefined,
    empty: undefined,
    relative: 'storage',
    'filesystem-root': '/',
    'home-itself': '/home/ada',
    symlink: '/home/ada/.prodigy',
    'own-symlink': '/home/ada/.prodigy/clean/journal',
    'not-a-directory': '/home/ada/.prodigy',
    'not-prodigy': '/home/ada/Documents',
    unreadable: '/srv/prodigy',
  };
  return Object.entries(values).map(([why, value]) => ({
    type: 'root-refused',
    variable: why === 'unset' ? 'HOME' : 'PRODIGY_HOME',
    value,
    why: why as RootFailure['why'],
  }));
}

/** What the book's page of messages has to show: each type of failure as it is printed, and what each errno means. */
export function messages(): ReadonlyMap<string, string> {
  const byType = Object.entries(samples).map(([type, failures]): [string, string] => [
    `message ${type}`,
    failures.map(printed).join(''),
  ]);
  const codes = Object.keys(causes).map(
    (code) => `${code}: ${causeOf(code)}\n  ${adviceFor(code, worktree)}\n`,
  );
  return new Map([...byType, ['causes', codes.join('')]]);
}

function printed(failure: Failure): string {
  const { sentence, next } = explain(failure);
  return `Error: ${sentence}\n  ${next}\n`;
}
