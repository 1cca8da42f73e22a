import { openJournal } from '../../src/journal/open.ts';
import { journalOptions, remarks } from './journal-options.ts';

/*
 * A process of its own, for what one process cannot show: `hold` opens and waits, `append` appends batches (up to
 * 60,000 entries, then it only waits) and says the last acknowledged number after each, `birth` kills itself after a step of a birth, `seal` after one of a sealing.
 */
const [, , mode, directory = '', argument = ''] = process.argv;

const seams = {
  reserveBytes: 4096,
  ...(mode === 'birth' || mode === 'seal' || mode === 'migrate'
    ? {
        afterStep: (step: string): void => {
          if (step === argument) process.kill(process.pid, 'SIGKILL');
        },
      }
    : {}),
};
const sealing = mode === 'seal' ? { entries: 100 } : {};
const journal = await openJournal(journalOptions(directory, { seams, sealing }));
if (journal.isErr()) {
  process.stdout.write(`${JSON.stringify(journal.error)}\n`);
} else {
  process.stdout.write(`open ${journal.value.head.seq}\n`);
  if (mode === 'seal') {
    await journal.value.append(remarks(0, 60));
    await journal.value.close();
  }
  if (mode === 'hold' || mode === 'append') setInterval(() => undefined, 1000);
  if (mode === 'append') {
    const size = Number(argument);
    for (let next = 0; next < 60_000; next += size) {
      const appended = await journal.value.append(remarks(next, next + size));
      if (appended.isErr()) break;
      process.stdout.write(`${journal.value.head.seq}\n`);
    }
  }
}
