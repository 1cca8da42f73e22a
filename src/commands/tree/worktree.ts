import type { OrphanFlags } from '../clean-orphaned.ts';
import type { Actions } from '../program.ts';
import type { WorktreeFlags } from '../worktree-request.ts';
import type { TaughtCommand } from './taught.ts';

/** Prodigy's own, for whoever has them in a script; every other `worktree` command is handed over. */
export function addWorktree(top: TaughtCommand, actions: Actions): void {
  const worktree = top
    .command('worktree')
    .summary('two commands of Prodigy (deprecated)')
    .description('clean and clean-orphaned, as Prodigy has them (deprecated); the rest is handed over')
    .examples(['prodigy clean --worktrees --dry-run', 'use this instead'])
    .withHelp()
    .helpCommand('help [command]', 'show the help of a command')
    .exits('done', 'failed', 'usage');
  worktree
    .command('clean')
    .summary('deprecated: use prodigy clean --worktrees')
    .description('deprecated: use prodigy clean --worktrees. Removes worktrees, asks nothing')
    .examples(
      ['prodigy worktree clean session-abc', 'one worktree'],
      ['prodigy worktree clean --all --dry-run', 'what would go; nothing removed'],
    )
    .argument('[name]', 'one worktree, by the plain name of its directory')
    .option('-a, --all', "all worktrees of the current directory's repository")
    .option(
      '-f, --force',
      'with NAME: although it holds work, which is kept for undo first; lifts nothing else',
    )
    .option('--merged-only', 'only those whose branch is merged')
    .option('--mapreduce', 'only those of MapReduce agents')
    .option('--older-than <age>', 'only older ones: a number with ms, s, m, h or d')
    .option('--dry-run', 'show what would go; remove nothing')
    .option('--job-id <id>', 'only those of this MapReduce job')
    .option('-v, --verbose', 'accepted, as Prodigy accepts it')
    .withHelp()
    .completes({ name: 'worktrees', '--older-than': 'ages', '--job-id': 'nothing' })
    .exits('done', 'failed', 'usage', 'interrupted')
    .action((name: string | undefined, flags: WorktreeFlags) => actions.worktreeClean(name, flags));
  worktree
    .command('clean-orphaned')
    .summary('deprecated: use prodigy clean --worktrees')
    .description('deprecated: use prodigy clean --worktrees. Removes what a registry of Prodigy lists')
    .examples(['prodigy worktree clean-orphaned --dry-run', 'what would go; nothing removed'])
    .argument('[job]', 'id of a MapReduce job')
    .option('--dry-run', 'show what would go; remove nothing')
    .option('-f, --force', 'do not ask')
    .option('-v, --verbose', 'accepted, as Prodigy accepts it')
    .withHelp()
    .completes({ job: 'nothing' })
    .exits('done', 'failed', 'usage', 'interrupted')
    .action((job: string | undefined, flags: OrphanFlags) => actions.cleanOrphaned(job, flags));
}
