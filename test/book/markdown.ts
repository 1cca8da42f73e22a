import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryTop } from '../helpers/run-prodigy.ts';

export type Page = {
  /** From the top of the repository: `book/src/journal.md`. */
  readonly name: string;
  readonly path: string;
  readonly text: string;
};

/** A fenced block. `output` names what it shows, when the comment before it says `<!-- output: NAME -->`. */
export type Block = {
  readonly language: string;
  readonly text: string;
  readonly output: string | undefined;
  /** Where its text begins and ends in the page's. */
  readonly from: number;
  readonly to: number;
};

const bookDirectory = join(repositoryTop(), 'book', 'src');

export function bookPages(): readonly Page[] {
  return readdirSync(bookDirectory)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => pageAt(join('book', 'src', name)));
}

export function readme(): Page {
  return pageAt('README.md');
}

function pageAt(name: string): Page {
  const path = join(repositoryTop(), name);
  return { name, path, text: readFileSync(path, 'utf8') };
}

export function blocksIn({ text }: Page): readonly Block[] {
  const fence = /(?:^<!-- output: (.+) -->\n+)?^```(\w*)\n((?:(?!```).*\n)*?)```$/gm;
  return [...text.matchAll(fence)].map((found): Block => {
    const [whole, output, language = '', content = ''] = found;
    const to = found.index + whole.length - '```'.length;
    return { language, text: content, output, from: to - content.length, to };
  });
}

/** What stands in backquotes outside of blocks and headings, without the escapes of tables. */
export function inlineCodeIn(page: Page): readonly string[] {
  return [
    ...proseOf(page)
      .replaceAll(/^#.*$/gm, '')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, code = '']) => code.replaceAll('\\|', '|'));
}

/** Targets of links, without those that leave the repository. */
export function linksIn(page: Page): readonly string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The names by which headings are linked to, as GitHub and mdBook make them. */
export function anchorsOf(page: Page): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let name = anchor;
    for (let count = 1; anchors.has(name); count += 1) name = `${anchor}-${count}`;
    anchors.add(name);
  }
  return anchors;
}

function proseOf(page: Page): string {
  return page.text.replace(/^```[^]*?^```$/gm, '');
}
