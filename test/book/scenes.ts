import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeDemoStorage } from '../demo/storage.ts';
import { addOldItems } from '../demo/traces.ts';
import { runProdigy } from '../helpers/run-prodigy.ts';
import { Stage } from './stage.ts';

const removals = /^ {2}- remove/;
/** What stays; a long name has its reason on a line of its own. */
const leftovers = /^ {2}= keep|^ {9,}resumable/;

/** Every output that the book shows, by its name, from one storage that is cleaned step by step. */
export async function playScenes(directory: string): Promise<ReadonlyMap<string, string>> {
  const storage = await makeDemoStorage(directory);
  const stage = new Stage(directory, storage);
  await playLooking(stage);
  await playRuns(stage);
  await playAfterwards(stage);
  await playItems(stage);
  return stage.shown;
}

/** Nothing is removed here. */
async function playLooking(stage: Stage): Promise<void> {
  await stage.play('overview', ['clean']);
  await stage.play('no terminal', ['clean', '--worktrees'], { stream: 'stderr' });
  await stage.play('max-delete', ['clean', '--all', '--max-delete', '25', '--force'], { stream: 'stderr' });
  await stage.play('keep-last', ['clean', 'logs', '--keep-last', '20', '--dry-run'], {
    shorten: [removals],
  });
  await stage.play('free', ['clean', 'worktrees', '--free', '2MB', '--dry-run'], {
    shorten: [/^ {2}= keep(?!.*enough-freed)|^ {9,}resumable/],
    from: /^worktrees:/,
    keep: 1,
  });
  await stage.play('unknown age', ['clean', 'worktrees', '--older-than', '7 days']);
  await stage.play('without a kind', ['clean', '--older-than', '7d']);
  await stage.play('worktree clean', ['worktree', 'clean', stage.storage.ids.detached]);
}

async function playRuns(stage: Stage): Promise<void> {
  const { ids } = stage.storage;
  const planned = await stage.play('dry run', ['clean', 'worktrees', 'logs', '--dry-run'], {
    shorten: [/- remove.*\.jsonl/],
  });
  await stage.play('hold', [
    'clean',
    'hold',
    ids.completedMerged,
    '--reason',
    'for the talk',
    '--until',
    '30d',
  ]);
  await stage.play('hold list', ['clean', 'hold']);
  const plan = found(/Plan (\w+)/, planned.stdout);
  await stage.play('apply', ['clean', 'apply', plan.slice(0, 8), '--force'], {
    shorten: [/- remove.*\.jsonl/, leftovers],
  });
  await stage.play('release', ['clean', 'release', ids.completedMerged]);
  await stage.play('run', ['clean', '--all', '--force'], { from: /^✓/ });
  await stage.play('undo list', ['clean', 'undo', '--list'], { shorten: [/^ {2}(?:session|log|event)/] });
  await killRun(stage);
  await stage.play('resume', ['clean', 'resume']);
}

/** Until one was really killed half-way through the logs. */
async function killRun({ storage }: Stage): Promise<void> {
  const records = (): number => {
    const path = join(storage.root, 'logs', 'claude-streaming');
    return existsSync(path) ? readdirSync(path).length : 0;
  };
  for (let count = 40; count <= 640; count *= 4) {
    await addOldItems(storage.prodigy, storage.repository, count);
    const full = records();
    const ran = await runProdigy(storage, ['clean', '--all', '--force'], {
      cwd: storage.repository,
      killWhen: () => records() < full,
    });
    if (ran.killed && records() > full - 3 * count) return;
  }
  throw new Error('no run could be killed half-way');
}

async function playAfterwards(stage: Stage): Promise<void> {
  const worktreesGone = ['clean', 'log', '--event', 'ItemRemoved', '--kind', 'worktrees'];
  const { stdout } = await stage.run(worktreesGone);
  const run = found(/^Run ([\w-]{21}).* apply /m, stdout);
  // Reading needs no lock: one does not wait for another.
  await Promise.all([
    stage.play('overview afterwards', ['clean']),
    stage.play('log', worktreesGone),
    stage.play('log reason', ['clean', 'log', '--reason', 'dirty', '--reason', 'precious', '--limit', '2']),
    stage.play('log csv', [...worktreesGone, '--limit', '2', '--csv']),
    stage.play('log show', ['clean', 'log', 'show', run.slice(0, 8)], {
      shorten: [/^ {2}\d{4}-|^ {2}#\d|^ {2}.*\.jsonl/],
    }),
    stage.play('anchor', ['clean', 'log', 'anchor']),
    stage.play('completion', ['clean', 'completion', 'bash'], { to: /^/ }),
  ]);
  // These two look whether a run is under way, and would see each other.
  await stage.play('doctor', ['clean', 'doctor'], { shorten: [/^ {2}[·!] |^ {6}/], keep: 4 });
  await stage.play('verify', ['clean', 'log', 'verify']);
  await stage.play('repair', ['clean', 'log', 'repair']);
}

async function playItems(stage: Stage): Promise<void> {
  const { ids } = stage.storage;
  await Promise.all([
    stage.play('why kept', ['clean', 'why', `worktrees:${ids.locked}`]),
    stage.play('why gone', ['clean', 'why', `worktrees:${ids.completedUnmerged}`]),
  ]);
  await stage.play('undo', ['clean', 'undo', `worktrees:${ids.completedUnmerged}`]);
  await stage.play('worktree clean kept', ['worktree', 'clean', ids.dirty]);
  await stage.play('worktree clean insisted', ['worktree', 'clean', '-f', ids.dirty]);
  await stage.play('clean orphaned', ['worktree', 'clean-orphaned', '--dry-run']);
  await stage.play('abandon', ['clean', 'abandon', ids.paused, '--reason', 'superseded']);
  await stage.play('abandon refused', ['clean', 'abandon', ids.crashedRunning, '--reason', 'superseded']);
}

function found(pattern: RegExp, text: string): string {
  const [, match] = pattern.exec(text) ?? [];
  if (match === undefined) throw new Error(`no ${String(pattern)} in\n${text}`);
  return match;
}
