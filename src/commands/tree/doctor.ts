import type { DoctorFlags } from '../doctor.ts';
import type { Actions } from '../program.ts';
import type { TaughtCommand } from './taught.ts';

/** `prodigy clean doctor`: what is odd in the storage. */
export function addDoctor(clean: TaughtCommand, actions: Actions): void {
  clean
    .command('doctor')
    .summary('what is odd, whether it matters, and what to do')
    .description(
      'what is odd in the whole storage, whether it matters, and one next step for each: unknown names, records without directories, stale git registrations and locks, left-overs, a journal that disagrees with the disk; changes nothing',
    )
    .examples(
      ['prodigy clean doctor', 'also while a run is under way'],
      ['prodigy clean doctor --detailed-exitcode', 'exit 10 for whatever is not harmless'],
      ['prodigy clean doctor --json', 'all of it, for a script'],
    )
    .option('--full', 'list all that are alike, too')
    .option('--detailed-exitcode', 'exit 10 when something is odd that is not harmless')
    .option('--json', 'one JSON document on stdout')
    .option('--no-color', 'no colours')
    .withHelp()
    .promises(
      'It reads only, takes no lock, and looks at the ends of the journal: prodigy clean log verify reads all of it.',
    )
    .exits('done', 'failed', 'usage', 'found', 'defect', 'interrupted')
    .action((flags: DoctorFlags) => actions.doctor(flags));
}
