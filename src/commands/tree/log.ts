import type { AnchorFlags } from '../log-anchor.ts';
import type { RepairFlags } from '../log-repair.ts';
import type { LogFlags } from '../log-request.ts';
import type { LogShowFlags } from '../log-show.ts';
import type { VerifyFlags } from '../log-verify.ts';
import type { Actions } from '../program.ts';
import type { TaughtCommand } from './taught.ts';

/** `prodigy clean log` and what is below it: reading the journal, checking it, mending it. */
export function addLog(clean: TaughtCommand, actions: Actions): void {
  const log = clean
    .command('log')
    .summary('the audit trail')
    .description('the audit trail: every scan, decision, removal and failure')
    .examples(
      ['prodigy clean log --since yesterday', 'who removed what, when and why'],
      ['prodigy clean log --event ItemFailed --since 7d', 'what could not be removed'],
      ['prodigy clean log --item session-abc --csv', 'all of one item, for a table'],
      ['prodigy clean log --follow --jsonl', 'every entry as it is written'],
      ['prodigy clean log show V1StGXR8', 'one run from beginning to end'],
    )
    .optionsGroup('Which entries (each but --since, --until and --limit may be repeated):')
    .option('--since <when>', 'from then on: 2026-01-31, yesterday, monday, "2 hours ago", 7d')
    .option('--until <when>', 'up to then')
    .option('--run <id>', 'one run, by its id or its beginning', collect)
    .option('--kind <kind>', 'events, logs, dlq, state, sessions or worktrees', collect)
    .option('--event <name>', 'ItemRemoved, ItemFailed, RunStarted, ...', collect)
    .option('--repo <name|path>', 'what concerns this repository', collect)
    .option('--item <id|path|name>', 'one item', collect)
    .option('--actor <who>', 'user, uid, who used sudo, CI system or agent', collect)
    .option('--reason <reason>', 'young, dirty, expired, merged, EACCES, ...', collect)
    .option('--limit <n>', 'the newest n entries only')
    .optionsGroup('How to show them:')
    .option('--reverse', 'newest first')
    .option('--follow', 'go on with what is written from now on; Ctrl-C ends it')
    .option('--json', 'one JSON array on stdout')
    .option('--jsonl', 'one JSON entry a line, as it is stored')
    .option('--csv', 'one record a line, with a heading (RFC 4180)')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({
      '--since': 'times',
      '--until': 'times',
      '--run': 'runs',
      '--kind': 'kinds',
      '--event': 'events',
      '--repo': 'repositories',
      '--item': 'items',
      '--actor': 'nothing',
      '--reason': 'reasons',
      '--limit': 'nothing',
    })
    .exits('done', 'failed', 'usage', 'defect', 'interrupted')
    .enablePositionalOptions()
    .action((flags: LogFlags) => actions.log(flags));

  log
    .command('show')
    .summary('one run from beginning to end')
    .description(
      'one run from beginning to end: who, scope, policy, plan, consent, every act, totals, what can be undone',
    )
    .examples(
      ['prodigy clean log show V1StGXR8', 'by the beginning of its id'],
      ['prodigy clean log show V1StGXR8 --at 1207', 'its statistics at entry 1207'],
    )
    .argument('<run>', 'id of the run, or its beginning')
    .option('--at <seq>', 'its statistics as they were at that entry')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ run: 'runs', '--at': 'nothing' })
    .exits('done', 'failed', 'usage', 'defect')
    .action((run: string, flags: LogShowFlags) => actions.logShow(run, flags));

  log
    .command('verify')
    .summary('check the whole journal')
    .description(
      'walk the whole journal, compare it with the quarantine, and name the first entry that is altered, missing or out of order',
    )
    .examples(
      ['prodigy clean log verify', 'exit 1 when anything is wrong'],
      ['prodigy clean log verify --anchor kept.txt', 'is it still the one whose anchor was kept?'],
    )
    .option(
      '--anchor <line|file|->',
      'compare with what log anchor printed and you kept elsewhere (may be repeated)',
      collect,
    )
    .option('--accept', 'entries are missing at the end and you know why: go on, and journal that')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ '--anchor': 'files' })
    .exits('done', 'failed', 'usage', 'locked', 'defect', 'interrupted')
    .action((flags: VerifyFlags) => actions.verify(flags));

  log
    .command('anchor')
    .summary('one line to check the journal by later')
    .description('one line that says how far the journal is: keep it elsewhere, for log verify --anchor')
    .examples(['prodigy clean log anchor >> /mnt/elsewhere/anchors', 'one line more'])
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .exits('done', 'failed', 'usage', 'defect')
    .action((flags: AnchorFlags) => actions.anchor(flags));

  log
    .command('repair')
    .summary('keep what can be kept of a damaged journal')
    .description('keep what can be kept of a damaged journal; says before what is lost, and asks')
    .examples(['prodigy clean log repair', 'what is lost, one question, then the repair'])
    .option('-f, --force', 'ask nothing')
    .option('-y, --yes', 'the same as --force')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .exits('done', 'failed', 'usage', 'refused', 'declined', 'locked', 'defect')
    .action((flags: RepairFlags) => actions.repair(flags));
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
