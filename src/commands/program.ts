import { Command, CommanderError } from 'commander';
import type { AnchorFlags } from './log-anchor.ts';
import type { RepairFlags } from './log-repair.ts';
import type { VerifyFlags } from './log-verify.ts';
import type { CleanFlags } from './options.ts';
import type { LogFlags } from './log-request.ts';
import type { LogShowFlags } from './log-show.ts';
import type { PinFlags } from './pin.ts';
import type { WorktreeFlags } from './worktree-request.ts';
import type { OrphanFlags } from './clean-orphaned.ts';
import type { UndoFlags } from './undo.ts';
import type { WhyFlags } from './why.ts';
import type { ResumeFlags } from './actions.ts';

/** What the program calls; each loads its own imports, so that `--help` loads nothing but commander. */
export type Actions = {
  readonly clean: (words: readonly string[], flags: CleanFlags) => Promise<void>;
  readonly resume: (run: string | undefined, flags: ResumeFlags) => Promise<void>;
  readonly undo: (what: string | undefined, flags: UndoFlags) => Promise<void>;
  readonly hold: (id: string | undefined, flags: PinFlags) => Promise<void>;
  readonly release: (id: string, flags: PinFlags) => Promise<void>;
  readonly abandon: (id: string, flags: PinFlags) => Promise<void>;
  readonly worktreeClean: (name: string | undefined, flags: WorktreeFlags) => Promise<void>;
  readonly cleanOrphaned: (job: string | undefined, flags: OrphanFlags) => Promise<void>;
  readonly why: (what: string, flags: WhyFlags) => Promise<void>;
  readonly log: (flags: LogFlags) => Promise<void>;
  readonly logShow: (run: string, flags: LogShowFlags) => Promise<void>;
  readonly verify: (flags: VerifyFlags) => Promise<void>;
  readonly anchor: (flags: AnchorFlags) => Promise<void>;
  readonly repair: (flags: RepairFlags) => Promise<void>;
};

const examples = `
Examples:
  prodigy clean                                  what is there, what could go, and why the rest stays
  prodigy clean --all --older-than 7d --dry-run  the whole list, nothing removed
  prodigy clean --all --older-than 7d            the list, one question, then the removal
  prodigy clean worktrees logs --force           no question asked; no protection lifted
  prodigy clean resume                           goes on where an interrupted run stopped
  prodigy clean log --since yesterday            who removed what, when and why
  prodigy clean why session-abc                  one item: what was decided and done, what keeps it, how to get it back

What it never removes: anything active or resumable, anything not proven to be safe, anything it does not understand.

Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage, 3 some items failed, 4 refused by a safety rule,
  5 declined, 10 a dry run found something (--detailed-exitcode), 11 another run holds the lock, 70 a defect,
  127 no other prodigy to hand over to, 130/143 interrupted (prodigy clean resume goes on)`;

/** The tree of commands: help, parsing and the tests of the documentation come from this one place. */
export function program(version: string, actions: Actions): Command {
  const top = new Command('prodigy')
    .description(
      'The storage cleaner for Prodigy. Every other command is handed to the next prodigy on PATH.',
    )
    .version(version, '-V, --version')
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => {
        const said = text.replace(/^error: /, 'Error: ').trimEnd();
        write(said.includes('\n') ? `${said}\n` : `${said}\n  prodigy clean --help lists what there is\n`);
      },
    });

  const clean = top
    .command('clean')
    .description('show what Prodigy stores, and remove what is old and safe to lose')
    .argument('[kinds...]', 'all, worktrees, sessions, state, dlq, logs or events; the same as the flags')
    .version(version, '-V, --version')
    .option('--all', 'all six kinds')
    .option('--worktrees', 'git worktrees of sessions and agents (default age 7d)')
    .option('--sessions', 'session records with their checkpoints (30d)')
    .option('--logs', 'Claude logs (7d)')
    .option('--state', 'MapReduce job state (30d)')
    .option('--events', 'event directories (14d)')
    .option('--dlq', 'dead letters (30d)')
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
    .option('-n, --dry-run', 'show what would go; remove nothing')
    .option('-f, --force', 'answer every question with yes; lifts no protection')
    .option('-y, --yes', 'the same as --force')
    .option('--no-undo', 'free everything at once: nothing can be put back')
    .option('--full', 'list everything that is kept, too')
    .option('--accept-clock', 'trust the clock although it runs behind the journal')
    .option('--detailed-exitcode', 'with --dry-run: exit 10 when something would go')
    .option('--at <when>', 'what the journal knew of the storage then; looks at nothing now')
    .option('--json', 'one JSON document on stdout')
    .option('--jsonl', "the journal's entries on stdout as they happen")
    .option('--no-color', 'no colours (NO_COLOR works too)')
    .addHelpText('after', examples)
    .enablePositionalOptions()
    .helpCommand(true)
    .action((words: string[], flags: CleanFlags) => actions.clean(words, flags));

  clean
    .command('resume')
    .description('finish interrupted runs: what was confirmed then, judged again now')
    .argument('[run]', 'id of the run, or its beginning; default: every interrupted run')
    .option('--accept-clock', 'trust the clock although it runs behind the journal')
    .option('--json', 'one JSON document for each resumed run')
    .option('--jsonl', "the journal's entries on stdout as they happen")
    .option('--no-color', 'no colours')
    .action((run: string | undefined, flags: ResumeFlags) => actions.resume(run, flags));

  clean
    .command('undo')
    .description(
      'put back what a run removed: from quarantine, and worktrees made again from git (for 7 days)',
    )
    .argument('[run|item]', 'id of a run or its beginning; id, name or path of an item')
    .option('--list', 'what can be put back, and until when')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((what: string | undefined, flags: UndoFlags) => actions.undo(what, flags));

  clean
    .command('hold')
    .description('keep something whatever its age, until it is released; without an id, list what is on hold')
    .argument('[id]', 'a session or job with all that belongs to it; an item by id, path or name')
    .option('--reason <why>', 'why it stays (needed)')
    .option('--until <date>', 'the hold ends by itself then: 2026-12-31, 2026-12-31T14:30Z, 30d')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((id: string | undefined, flags: PinFlags) => actions.hold(id, flags));

  clean
    .command('release')
    .description('end a hold, or take back that something was abandoned')
    .argument('<id>', 'as it was put on hold or abandoned')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((id: string, flags: PinFlags) => actions.release(id, flags));

  clean
    .command('abandon')
    .description('say that nobody will resume a session: it no longer stays for that; lifts nothing else')
    .argument('<session>', 'id of a session or job')
    .option('--reason <why>', 'why (needed)')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((id: string, flags: PinFlags) => actions.abandon(id, flags));

  clean
    .command('why')
    .description(
      'the story of one item: verdicts and evidence, what was done and by whom, what keeps it, how to get it back',
    )
    .argument('<id|path|name>', 'id, path (of it or of something inside) or unique name of an item')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((what: string, flags: WhyFlags) => actions.why(what, flags));

  const log = clean
    .command('log')
    .description('the audit trail: every scan, decision, removal and failure')
    .option('--since <when>', 'from then on: 2026-01-31, yesterday, monday, "2 hours ago", 7d')
    .option('--until <when>', 'up to then')
    .option(
      '--run <id>',
      'one run, by its id or its beginning (this and the next six may be repeated)',
      collect,
    )
    .option('--kind <kind>', 'events, logs, dlq, state, sessions or worktrees', collect)
    .option('--event <name>', 'ItemRemoved, ItemFailed, RunStarted, ...', collect)
    .option('--repo <name|path>', 'what concerns this repository', collect)
    .option('--item <id|path|name>', 'one item', collect)
    .option('--actor <who>', 'user, uid, who used sudo, CI system or agent', collect)
    .option('--reason <reason>', 'young, dirty, expired, merged, EACCES, ...', collect)
    .option('--limit <n>', 'the newest n entries only')
    .option('--reverse', 'newest first')
    .option('--follow', 'go on with what is written from now on; Ctrl-C ends it')
    .option('--json', 'one JSON array on stdout')
    .option('--jsonl', 'one JSON entry a line, as it is stored')
    .option('--csv', 'one record a line, with a heading (RFC 4180)')
    .option('--no-color', 'no colours')
    .enablePositionalOptions()
    .action((flags: LogFlags) => actions.log(flags));

  log
    .command('show')
    .description(
      'one run from beginning to end: who, scope, policy, plan, consent, every act, totals, what can be undone',
    )
    .argument('<run>', 'id of the run, or its beginning')
    .option('--at <seq>', 'its statistics as they were at that entry')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((run: string, flags: LogShowFlags) => actions.logShow(run, flags));

  log
    .command('verify')
    .description(
      'walk the whole journal, compare it with the quarantine, and name the first entry that is altered, missing or out of order',
    )
    .option(
      '--anchor <line|file|->',
      'compare with what log anchor printed and you kept elsewhere (may be repeated)',
      collect,
    )
    .option('--accept', 'entries are missing at the end and you know why: go on, and journal that')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((flags: VerifyFlags) => actions.verify(flags));

  log
    .command('anchor')
    .description('one line that says how far the journal is: keep it elsewhere, for log verify --anchor')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((flags: AnchorFlags) => actions.anchor(flags));

  log
    .command('repair')
    .description('keep what can be kept of a damaged journal; says before what is lost, and asks')
    .option('-f, --force', 'ask nothing')
    .option('-y, --yes', 'the same as --force')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .action((flags: RepairFlags) => actions.repair(flags));
  addWorktreeCommands(top, actions);
  return top;
}

/** Prodigy's own, for whoever has them in a script; every other `worktree` command is handed over. */
function addWorktreeCommands(top: Command, actions: Actions): void {
  const worktree = top
    .command('worktree')
    .description('clean and clean-orphaned, as Prodigy has them (deprecated); the rest is handed over');
  worktree
    .command('clean')
    .description('deprecated: use prodigy clean --worktrees. Removes worktrees, asks nothing')
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
    .action((name: string | undefined, flags: WorktreeFlags) => actions.worktreeClean(name, flags));
  worktree
    .command('clean-orphaned')
    .description('deprecated: use prodigy clean --worktrees. Removes what a registry of Prodigy lists')
    .argument('[job]', 'id of a MapReduce job')
    .option('--dry-run', 'show what would go; remove nothing')
    .option('-f, --force', 'do not ask')
    .option('-v, --verbose', 'accepted, as Prodigy accepts it')
    .action((job: string | undefined, flags: OrphanFlags) => actions.cleanOrphaned(job, flags));
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export { CommanderError };
