import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';
import { treeOf } from '../../src/commands/tree/tree-of.ts';
import type { CommandPage } from '../../src/ui/command-page.ts';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import { callsIn, objectionTo, playedIn } from './commands.ts';
import { helps } from './help.ts';
import { anchorsOf, blocksIn, bookPages, linksIn, readme, type Page } from './markdown.ts';
import { messages } from './messages.ts';

const pages: readonly Page[] = [readme(), ...bookPages()];
const summary = pages.find(({ name }) => name.endsWith('SUMMARY.md')) as Page;

for (const page of pages) {
  test(`every command in ${page.name} is understood by the program itself`, async (t) => {
    const objections: string[] = [];
    for (const call of callsIn(page)) {
      const objection = await objectionTo(call);
      if (objection !== undefined) objections.push(`prodigy ${call}: ${objection}`);
    }
    t.deepEqual(objections, []);
  });

  test(`every link in ${page.name} leads to something`, (t) => {
    t.deepEqual(
      linksIn(page).filter((link) => !isThere(page, link)),
      [],
    );
  });
}

function isThere(page: Page, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page.path : resolve(dirname(page.path), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  const name = relative(repositoryTop(), target).replaceAll('\\', '/');
  const linked = pages.find((each) => each.name === name);
  return linked !== undefined && anchorsOf(linked).has(anchor);
}

test('the pages of commands and messages have calls to be understood', (t) => {
  t.true(pages.flatMap(callsIn).length > 120);
});

test('the summary lists every page of the book, once', (t) => {
  const listed = linksIn(summary).map((link) => join('book', 'src', link));
  const there = bookPages()
    .map(({ name }) => name)
    .filter((name) => name !== summary.name);
  t.deepEqual([...listed].sort(), [...there].sort());
});

test('what is objected to is told: a flag, an argument, a value that are not there', async (t) => {
  for (const wrong of [
    'clean --al',
    'clean undo A B',
    'clean worktrees --older-than 7days',
    'clean log --event ItemGone',
    'clean log show',
  ]) {
    t.not(await objectionTo(wrong), undefined, wrong);
  }
});

test('the book has a call of every command, and its help with every option', (t) => {
  const calls = [...pages.flatMap(callsIn), ...pages.flatMap(playedIn)].map((call) => `prodigy ${call}`);
  const blocks = pages.flatMap(blocksIn);
  for (const { path, commands } of allOf(treeOf().root)) {
    if (commands.length === 0)
      t.true(
        calls.some((call) => call.startsWith(path)),
        path,
      );
    t.true(
      blocks.some(({ output }) => output === `help ${path}`),
      `the help of ${path}`,
    );
  }
});

test('help and messages in the book are to the letter what the program says', (t) => {
  const said = new Map([...helps(), ...messages()]);
  const shown = new Map(
    pages.flatMap(blocksIn).flatMap(({ output, text }) => (output === undefined ? [] : [[output, text]])),
  );
  for (const [name, text] of said) t.is(shown.get(name), text, `${name}: npm run book writes it anew`);
});

test('no block shows a message that does not exist', (t) => {
  const said = new Set([...helps().keys(), ...messages().keys()]);
  const timeless = pages
    .flatMap(blocksIn)
    .map(({ output }) => output ?? '')
    .filter((name) => /^(?:help|message|causes)\b/.test(name));
  t.deepEqual(
    timeless.filter((name) => !said.has(name)),
    [],
  );
});

function allOf(page: CommandPage): readonly CommandPage[] {
  return page.name === 'help' ? [] : [page, ...page.commands.flatMap(allOf)];
}
