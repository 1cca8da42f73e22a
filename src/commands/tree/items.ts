import type { PinFlags } from '../pin.ts';
import type { Actions } from '../program.ts';
import type { WhyFlags } from '../why.ts';
import type { TaughtCommand } from './taught.ts';

/** What is asked and said of single items: pins, and the story of one. */
export function addItems(clean: TaughtCommand, actions: Actions): void {
  clean
    .command('hold')
    .summary('keep something whatever its age')
    .description('keep something whatever its age, until it is released; without an id, list what is on hold')
    .examples(
      ['prodigy clean hold', 'what is on hold, and why'],
      ['prodigy clean hold session-abc --reason "for the audit"', 'with all that belongs to it'],
      ['prodigy clean hold session-abc --reason "asked for" --until 30d', 'ends by itself'],
    )
    .argument('[id]', 'a session or job with all that belongs to it; an item by id, path or name')
    .option('--reason <why>', 'why it stays (needed)')
    .option('--until <date>', 'the hold ends by itself then: 2026-12-31, 2026-12-31T14:30Z, 30d')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ id: 'items', '--reason': 'nothing', '--until': 'ages' })
    .exits('done', 'failed', 'usage', 'locked', 'defect')
    .action((id: string | undefined, flags: PinFlags) => actions.hold(id, flags));

  clean
    .command('release')
    .summary('end a hold or an abandonment')
    .description('end a hold, or take back that something was abandoned')
    .examples(['prodigy clean release session-abc', 'age and proof decide about it again'])
    .argument('<id>', 'as it was put on hold or abandoned')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ id: 'pinned' })
    .exits('done', 'failed', 'usage', 'locked', 'defect')
    .action((id: string, flags: PinFlags) => actions.release(id, flags));

  clean
    .command('abandon')
    .summary('say that nobody will resume a session')
    .description('say that nobody will resume a session: it no longer stays for that; lifts nothing else')
    .examples(['prodigy clean abandon session-abc --reason "done by hand"', 'it may go when it is old'])
    .argument('<session>', 'id of a session or job')
    .option('--reason <why>', 'why (needed)')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ session: 'sessions', '--reason': 'nothing' })
    .exits('done', 'failed', 'usage', 'refused', 'locked', 'defect')
    .action((id: string, flags: PinFlags) => actions.abandon(id, flags));

  clean
    .command('why')
    .summary('the story of one item')
    .description(
      'the story of one item: verdicts and evidence, what was done and by whom, what keeps it, how to get it back',
    )
    .examples(
      ['prodigy clean why session-abc', 'by its id or name'],
      ['prodigy clean why .', 'the worktree you stand in'],
    )
    .argument('<id|path|name>', 'id, path (of it or of something inside) or unique name of an item')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .completes({ 'id|path|name': 'items' })
    .exits('done', 'failed', 'usage', 'defect')
    .action((what: string, flags: WhyFlags) => actions.why(what, flags));
}
