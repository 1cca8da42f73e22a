import test from 'ava';
import { anchorLine, parseAnchorLines } from '../../src/journal/anchor-line.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { opened, remarks } from './journal-options.ts';

const anchor = { journalId: 'abc', seq: 7, hash: 'f'.repeat(64) };
const line = anchorLine(anchor, '2026-01-02T12:00:00.000Z');

test('an anchor is one line, and is read back from it', (t) => {
  t.false(line.includes('\n'));
  t.deepEqual(parseAnchorLines(line), [anchor]);
  t.deepEqual(parseAnchorLines(`# two of them\n${line}\n\n  ${line}\r\n`), [anchor, anchor]);
});

test('whatever is no anchor is none', (t) => {
  const wrong = ['', 'x', line.slice(0, -40), line.replace(' 7 ', ' seven '), `${line} more`, `${line}\nx`];
  for (const text of wrong) t.is(parseAnchorLines(text), undefined, text);
});

test('a kept anchor gives away a history that was rewritten, one that is shorter, and another journal', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory);
  await journal.append(remarks(0, 10));
  const own = { journalId: journal.journalId, seq: 5, hash: '' };
  for await (const page of journal.stored({ from: 5, to: 5 }))
    own.hash = page._unsafeUnwrap()[0]?.hash ?? own.hash;
  const found = async (kept: Partial<typeof own>): Promise<unknown> =>
    (await verifyJournal(journal, [], { kept: [{ ...own, ...kept }] }))._unsafeUnwrap().findings;
  t.deepEqual(await found({}), []);
  t.deepEqual(await found({ hash: 'f'.repeat(64) }), [{ type: 'kept-anchor-differs', seq: 5 }]);
  t.deepEqual(await found({ seq: 11 }), [{ type: 'kept-anchor-ahead', anchorSeq: 11, headSeq: 10 }]);
  t.deepEqual(await found({ journalId: 'other' }), [{ type: 'kept-anchor-foreign', journalId: 'other' }]);
  await journal.close();
});
