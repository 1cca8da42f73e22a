import type { ApplyFlags } from '../apply.ts';
import type { Actions, ResumeFlags } from '../program.ts';
import type { UndoFlags } from '../undo.ts';
import type { TaughtCommand } from './taught.ts';

/** What is done with a run that was: carry out what it showed, finish it, take it back. */
export function addRuns(clean: TaughtCommand, actions: Actions): void {
  clean
    .command('apply')
    .description('carry out exactly the plan that a dry run showed, or less: judged again, nothing added')
    .examples(
      ['prodigy clean --all --dry-run', 'shows the list, and the id of its plan'],
      ['prodigy clean apply 7f3a9c', 'that list, by the beginning of its id; asks first'],
    )
    .argument('<plan>', 'id of the plan, or its beginning; for 24 hours after it was shown')
    .option('--max-delete <limit>', 'refuse (exit 4) when more would go: 100 items, 25% of them, 10GB')
    .option('-f, --force', 'answer every question with yes; lifts no protection')
    .option('-y, --yes', 'the same as --force')
    .option('--no-undo', 'free everything at once: nothing can be put back')
    .option('--full', 'list everything that is kept, too')
    .option('--nice', 'at the lowest priority: whatever else wants the processor goes first')
    .option('--accept-clock', 'trust the clock although it contradicts the journal')
    .option('--json', 'one JSON document on stdout')
    .option('--jsonl', "the journal's entries on stdout as they happen")
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ plan: 'plans', '--max-delete': 'nothing' })
    .exits('done', 'failed', 'usage', 'partial', 'refused', 'declined', 'locked', 'defect', 'interrupted')
    .action((plan: string, flags: ApplyFlags) => actions.apply(plan, flags));

  clean
    .command('resume')
    .summary('finish interrupted runs')
    .description('finish interrupted runs: what was confirmed then, judged again now')
    .examples(
      ['prodigy clean resume', 'every interrupted run'],
      ['prodigy clean resume V1StGXR8', 'one run, by the beginning of its id'],
    )
    .argument('[run]', 'id of the run, or its beginning; default: every interrupted run')
    .option('--max-delete <limit>', 'refuse (exit 4) when more would go; instead of what that run was given')
    .option('--nice', 'at the lowest priority: whatever else wants the processor goes first')
    .option('--accept-clock', 'trust the clock although it contradicts the journal')
    .option('--json', 'one JSON document on stdout; of several runs as runs')
    .option('--jsonl', "the journal's entries on stdout as they happen")
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ run: 'runs', '--max-delete': 'nothing' })
    .exits('done', 'failed', 'usage', 'partial', 'refused', 'locked', 'defect', 'interrupted')
    .action((run: string | undefined, flags: ResumeFlags) => actions.resume(run, flags));

  clean
    .command('undo')
    .summary('put back what a run removed')
    .description(
      'put back what a run removed: from quarantine, and worktrees made again from git (for 7 days, or as many as PRODIGY_CLEAN_UNDO_DAYS says)',
    )
    .examples(
      ['prodigy clean undo --list', 'what can be put back, and until when'],
      ['prodigy clean undo V1StGXR8', 'all that this run removed'],
      ['prodigy clean undo session-abc', 'one item, by its id, name or path'],
    )
    .argument('[run|item]', 'id of a run or its beginning; id, name or path of an item')
    .option('--list', 'what can be put back, and until when')
    .option('--full', 'with --list: all of it, one by one')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ 'run|item': 'undoables' })
    .exits('done', 'failed', 'usage', 'partial', 'locked', 'defect', 'interrupted')
    .action((what: string | undefined, flags: UndoFlags) => actions.undo(what, flags));
}
