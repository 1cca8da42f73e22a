import { openJournal } from '../../src/journal/open.ts';
import { journalOptions } from './journal-options.ts';
import { refugeAt } from './refuge-at.ts';

// `refuge-process.js HOME REFUGE STEP`: opens the journal, which comes home, and dies after that step of the way.
const [, , home = '', refuge = '', fatal = ''] = process.argv;

const journal = await openJournal(
  journalOptions(home, {
    refuge: refugeAt(refuge),
    seams: {
      reserveBytes: 4096,
      afterMoveStep: (step) => {
        if (step === fatal) process.kill(process.pid, 'SIGKILL');
      },
    },
  }),
);
process.stdout.write(journal.isOk() ? 'open' : JSON.stringify(journal.error));
