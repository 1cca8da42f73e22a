import type { CleanFlags } from '../options.ts';
import type { Actions } from '../program.ts';
import type { TaughtCommand } from './taught.ts';

/** `prodigy clean`: the overview and the run itself. */
export function addClean(top: TaughtCommand, version: string, actions: Actions): TaughtCommand {
  return top
    .command('clean')
    .summary('show and clean what Prodigy stores')
    .description('show what Prodigy stores, and remove what is old and safe to lose')
    .examples(
      ['prodigy clean', 'what is there, what could go, and why the rest stays'],
      ['prodigy clean --all --older-than 7d --dry-run', 'the whole list, nothing removed'],
      ['prodigy clean --all --older-than 7d', 'the list, one question, the removal'],
      ['prodigy clean apply 7f3a9c', 'what that dry run showed, or less'],
      ['prodigy clean worktrees logs --force', 'no question asked; no protection lifted'],
      ['prodigy clean resume', 'goes on where an interrupted run stopped'],
      ['prodigy clean log --since yesterday', 'who removed what, when and why'],
      ['prodigy clean why session-abc', 'one item: what was decided and done, what keeps it, its way back'],
      ['prodigy clean doctor', 'what is odd, whether it matters, and what to do'],
    )
    .argument('[kinds...]', 'all, worktrees, sessions, state, dlq, logs or events; the same as the flags')
    .optionsGroup('What to clean:')
    .option('--all', 'all six kinds')
    .option('--worktrees', 'git worktrees of sessions and agents (default age 7d)')
    .option('--sessions', 'session records with their checkpoints (30d)')
    .option('--logs', 'Claude logs (7d)')
    .option('--state', 'MapReduce job state (30d)')
    .option('--events', 'event directories (14d)')
    .option('--dlq', 'dead letters (30d)')
    .optionsGroup('How much of it:')
    .option(
      '--older-than <age>',
      'another age than the default: 90s 15m 24h 7d 2w 6mo 1y, or sums like 1d12h',
    )
    .option('--all-repos', 'all repositories, not only the current one')
    .option('--repo <name|path>', 'this repository')
    .option('--mapreduce', 'only what belongs to MapReduce jobs and agents')
    .option('--job-id <id>', 'only what belongs to this job')
    .option(
      '--merged-only',
      'only worktrees whose work is merged, or landed by squash, rebase or cherry-pick',
    )
    .option(
      '--delete-merged-branches',
      'also delete the prodigy-* and agent-* branches of removed worktrees whose content is merged or landed',
    )
    .option('--keep-last <n>', 'the n youngest of each repository and kind stay, whatever their age')
    .option('--free <size>', 'oldest first, and no more than makes so much: 500MB 10GB 1.5TiB')
    .optionsGroup('How to do it:')
    .option('--max-delete <limit>', 'refuse (exit 4) when more would go: 100 items, 25% of them, 10GB')
    .option('-n, --dry-run', 'show what would go; remove nothing')
    .option('-f, --force', 'answer every question with yes; lifts no protection')
    .option('-y, --yes', 'the same as --force')
    .option('--no-undo', 'free everything at once: nothing can be put back')
    .option('--nice', 'at the lowest priority: whatever else wants the processor goes first')
    .option('--accept-clock', 'trust the clock although it contradicts the journal')
    .optionsGroup('What to show:')
    .option('--full', 'list everything that is kept, too')
    .option('--at <when>', 'what the journal knew of the storage then; looks at nothing now')
    .option('--detailed-exitcode', 'with --dry-run: exit 10 when something would go')
    .option('--json', 'one JSON document on stdout')
    .option('--jsonl', "the journal's entries on stdout as they happen")
    .option('--no-color', 'no colours (NO_COLOR works too)')
    .withHelp()
    .version(version, '-V, --version', 'show the version')
    .promises(
      'What it never removes: anything active or resumable, anything not proven to be safe, anything it does not understand.',
    )
    .completes({
      kinds: 'kinds-and-all',
      '--older-than': 'ages',
      '--repo': 'repositories',
      '--job-id': 'nothing',
      '--keep-last': 'nothing',
      '--free': 'nothing',
      '--max-delete': 'nothing',
      '--at': 'times',
    })
    .exits(
      'done',
      'failed',
      'usage',
      'partial',
      'refused',
      'declined',
      'found',
      'locked',
      'defect',
      'interrupted',
    )
    .enablePositionalOptions()
    .helpCommand('help [command]', 'show the help of a command')
    .action((words: string[], flags: CleanFlags) => actions.clean(words, flags));
}
