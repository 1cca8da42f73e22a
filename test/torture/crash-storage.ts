import { lstatSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { addOldItems } from '../demo/traces.ts';
import { finished, finishedWork, makeShop, recordOf, worktreeOf, type Shop } from '../e2e/shop.ts';
import { session } from '../helpers/session-artefacts.ts';

/** A storage of some thirty items, made once and copied for each trial: making it asks git thirty times. */
export type Template = {
  readonly shop: Shop;
  /** Relative to the top: protected, dirty or young, and to be found byte-identical after whatever happens. */
  readonly kept: readonly string[];
};

export type TemplateOptions = {
  /** Two finished worktrees, and a dirty one that stays. They cost most of the time of a run. */
  readonly worktrees: boolean;
  /** Over two roots, as PRODIGY_HOME does it. */
  readonly split: boolean;
};

const oldSessions = 4;

/** Four old sessions with all they left, a thing or two of the other kinds, and what must stay. */
export async function makeTemplate(
  { worktrees, split }: TemplateOptions,
  undo: (undo: () => void) => void,
): Promise<Template> {
  const options = split ? { seed: 5, prodigyHome: 'elsewhere' } : { seed: 5 };
  const shop = await makeShop({ teardown: (remove) => undo(() => void remove()) }, options);
  const { home, repository } = shop;
  for (const kind of ['state', 'state', 'dlq', 'events']) await finished(shop, kind, '70d');
  await addOldItems(home, repository, oldSessions);

  const kept = [(await session(home, { status: 'Paused', startedAgo: '50d' })).path];
  for (const kind of ['state', 'dlq', 'events', 'logs']) kept.push(...(await finished(shop, kind, '1d')));
  if (worktrees) {
    for (const ago of ['60d', '75d']) await finishedWork(shop, ago, { modules: 10 });
    const dirty = await finishedWork(shop, '80d', { files: { 'untracked.txt': 'mine\n' } });
    kept.push(worktreeOf(shop, dirty), recordOf(shop, dirty));
  }
  return { shop, kept: kept.map((path) => relative(shop.top, path)) };
}

/** The same storage at another place: what names the old one, above all git's own files, names the new one. */
export async function copyTemplate({ shop }: Template, to: string): Promise<Shop> {
  const { home, top } = shop;
  // Directories keep their times, too: node's own copy gives them new ones.
  await execa('cp', ['-RpP', top, to]);
  rename(to, top, to);
  const moved = (path: string): string => join(to, relative(top, path));
  const at = { home: moved(home.home), root: moved(home.root), dataRoot: moved(home.dataRoot) };
  return { home: { ...home, ...at }, top: to, repository: moved(shop.repository) };
}

function rename(directory: string, from: string, to: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) rename(path, from, to);
    if (!entry.isFile()) continue;
    const content = readFileSync(path);
    if (!content.includes(from)) continue;
    const { atimeMs, mtimeMs } = lstatSync(path);
    writeFileSync(path, content.toString('latin1').replaceAll(from, to), 'latin1');
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  }
}
