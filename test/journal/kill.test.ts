import test from 'ava';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { opened } from './journal-options.ts';
import { spawnJournal } from './spawn-journal.ts';

test('twenty kills lose nothing that was acknowledged, and leave no gap', async (t) => {
  const directory = temporaryDirectory(t);
  for (let kill = 0; kill < 20; kill += 1) {
    const writer = spawnJournal('append', directory, String(1 + (kill % 7) * 50));
    for (let line = 0; line < 2 + kill; line += 1) await writer.nextLine();
    writer.child.kill('SIGKILL');
    await writer.ended;
    const acknowledged = Number(writer.lines.at(-1)?.replace('open ', ''));

    const journal = await opened(directory);
    t.true(journal.head.seq >= acknowledged, `${journal.head.seq} after ${acknowledged}`);
    const { entries, findings } = (await verifyJournal(journal, inlineProjections))._unsafeUnwrap();
    t.deepEqual(findings, []);
    t.is(entries, journal.head.seq + 1);
    await journal.close();
  }
});
