import { appendFileSync, existsSync, statSync, utimesSync } from 'node:fs';
import { basename } from 'node:path';
import test from 'ava';
import { json } from '../helpers/run-prodigy.ts';
import { differences } from '../helpers/tree.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  inQuarantine,
  journalOf,
  look,
  makeShop,
  type Shop,
} from './shop.ts';

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

test('what is held beyond the cap goes, the oldest first, when a later run holds more', async (t) => {
  const shop = await makeShop(t);
  const first = await heldLog(shop);
  const second = await heldLog(shop);
  const freed = (await journalOf(shop)).filter(({ type }) => type === 'PurgeStarted');
  t.deepEqual(
    freed.map(({ data }) => data),
    [{ item: `logs:${first}`, why: 'undo-cap' }],
  );
  t.is(inQuarantine(shop).length, 1);
  const back = await clean(shop, ['undo', second]);
  t.is(back.exitCode, 0, back.stderr);
  t.true(existsSync(second));
});

/** A log of more than half of what is held at the most, after a run of its own. */
async function heldLog(shop: Shop): Promise<string> {
  const [log = ''] = await finished(shop, 'logs', '60d');
  const { atime, mtime } = statSync(log);
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (let written = 0; written < 300; written += 1) appendFileSync(log, megabyte);
  utimesSync(log, atime, mtime);
  const ran = await clean(shop, ['--logs', '--all-repos', '--force']);
  if (ran.exitCode !== 0 || existsSync(log)) throw new Error(ran.stderr);
  return log;
}

test('before anything was cleaned, nothing is known of what is to be put back, and no journal is made', async (t) => {
  const shop = await makeShop(t);
  const undone = await clean(shop, ['undo', 'nonesuch']);
  t.is(undone.exitCode, 2);
  t.regex(undone.stderr, /The journal knows nothing of an item 'nonesuch'/);
  t.false(existsSync(`${shop.home.root}/clean`));
});

test('every answer of undo --json is one document, also that there is nothing to put back', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  const [young = ''] = await finished(shop, 'logs', '1h');
  const { run } = documentOf(await clean(shop, ['logs', '--all-repos', '--force', '--json']));
  t.is(documentOf(await clean(shop, ['undo', run, '--json'])).items.length, 1);
  const answers: readonly [what: string, exitCode: number, says: RegExp][] = [
    [run, 1, /^Nothing of run .* can be put back any more/],
    [log, 1, / was put back already, on /],
    [young, 1, / was not removed: there is nothing to put back\.$/],
    ['nonesuch', 2, /^The journal knows nothing of an item 'nonesuch'/],
  ];
  for (const [what, exitCode, says] of answers) {
    const ran = await clean(shop, ['undo', what, '--json']);
    t.is(ran.exitCode, exitCode, what);
    const document = json(ran);
    t.is(document['schema'], 'prodigy-clean/1');
    t.is(document['outcome'], 'failed');
    t.is(document['exitCode'], exitCode);
    t.regex((document['error'] as { readonly message: string }).message, says);
    if (exitCode === 1) t.deepEqual(document['items'], []);
    // The same without --json, in words.
    const told = await clean(shop, ['undo', what]);
    t.regex(told.stdout.replace(/\n$/, '') + told.stderr.replace(/^Error: |\n[^]*$/g, ''), says);
  }
});

test('of an item that lies in the storage nobody is told that it is not there', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['--events', '--all-repos', '--force'])).exitCode, 0);
  const undone = await clean(shop, ['undo', log]);
  t.is(undone.exitCode, 2);
  t.regex(undone.stderr, /^Error: The journal knows nothing of an item '/);
  const released = await clean(shop, ['release', log]);
  t.is(released.exitCode, 2);
  t.regex(
    released.stderr,
    /^Error: Nothing is on hold or abandoned as '.*'\.\n {2}prodigy clean hold lists what is\n/,
  );
});

test('undo --list tells the largest of many, and all with --full or --json', async (t) => {
  const shop = await makeShop(t);
  const logs: string[] = [];
  for (let index = 0; index < 31; index += 1) {
    const [log = ''] = await finished(shop, 'logs', '60d');
    const { atime, mtime } = statSync(log);
    appendFileSync(log, Buffer.alloc((index + 1) * 8192, '\n'));
    utimesSync(log, atime, mtime);
    logs.push(basename(log));
  }
  await finished(shop, 'sessions', '60d');
  const { run } = documentOf(await clean(shop, ['--all', '--all-repos', '--force', '--json']));

  const listed = await clean(shop, ['undo', '--list']);
  const [head = '', ...lines] = listed.stdout.trimEnd().split('\n');
  t.regex(head, new RegExp(`^prodigy clean undo ${run} {2}\\(32 items, `));
  t.is(lines.filter((line) => line.startsWith('  session ')).length, 1);
  const told = logs.filter((name) =>
    lines.some((line) => line.startsWith(`  log claude-streaming/${name} `)),
  );
  t.deepEqual(told, logs.slice(11));
  t.regex(lines.at(-1) ?? '', /^ {2}\.\.\. and 11 logs more, \d+ KB \(--full lists them\)$/);
  t.is(lines.length, 22);

  const full = await clean(shop, ['undo', '--list', '--full']);
  t.true(logs.every((name) => full.stdout.includes(name)));
  t.notRegex(full.stdout, /more,/);
  t.is(documentOf(await clean(shop, ['undo', '--list', '--json'])).items.length, 32);

  const refused = await clean(shop, ['undo', run, '--full']);
  t.is(refused.exitCode, 2);
  t.is(inQuarantine(shop).length, 33);
});
