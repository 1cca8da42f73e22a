import test from 'ava';
import { differences } from '../helpers/tree.ts';
import { clean, documentOf, finished, finishedWork, look, makeShop } from './shop.ts';

test('what a run took is put back byte for byte, and a worktree is not touched by it (story 33)', async (t) => {
  const shop = await makeShop(t);
  await finishedWork(shop, '2d');
  for (const kind of ['sessions', 'logs', 'state', 'events', 'dlq']) await finished(shop, kind, '60d');
  const before = look(shop);
  const ran = await clean(shop, ['--all', '--all-repos', '--force', '--json']);
  t.is(ran.exitCode, 0, ran.stderr);
  const { run, items } = documentOf(ran);
  t.is(items.filter(({ outcome }) => outcome === 'removed').length, 5);
  t.not(differences(before, look(shop)).length, 0);

  const back = await clean(shop, ['undo', run]);
  t.is(back.exitCode, 0, back.stderr);
  // Directories tell by their time that something came and went in them.
  const changed = differences(before, look(shop)).filter((line) => !line.endsWith(' (mtimeNs)'));
  t.deepEqual(changed, []);
  const files = differences(before, look(shop)).filter((line) => before.get(pathIn(line))?.type === 'file');
  t.deepEqual(files, []);
});

function pathIn(line: string): string {
  return line.replace(/^[-+~] /, '').replace(/ \([^()]*\)$/, '');
}
