import type { CommandPage } from './command-page.ts';
import { wrap } from './help-text.ts';

type Edition = {
  readonly version: string;
  /** `2026-11-25`. */
  readonly date: string;
};

/** The manual: a page for each command of ours, by the name of its file, `prodigy-clean-log.1`. */
export function manPages(root: CommandPage, edition: Edition): ReadonlyMap<string, string> {
  const pages = root.commands.flatMap(withAllBelow).filter(({ name }) => name !== 'help');
  return new Map(pages.map((page) => [`${nameOf(page)}.1`, manPage(page, pages, edition)]));
}

function withAllBelow(page: CommandPage): readonly CommandPage[] {
  return [page, ...page.commands.flatMap(withAllBelow)];
}

function nameOf({ path }: CommandPage): string {
  return path.replaceAll(' ', '-');
}

function manPage(page: CommandPage, all: readonly CommandPage[], { version, date }: Edition): string {
  const name = nameOf(page);
  const headings = [...new Set(page.options.map(({ heading }) => heading))];
  const below = page.commands.filter((each) => all.includes(each));
  const related = all.filter((each) => each !== page && isNear(each, page));
  const sections: readonly (readonly [title: string, body: readonly string[]])[] = [
    ['NAME', [`${escape(name)} \\- ${escape(page.summary)}`]],
    ['SYNOPSIS', [`.B ${escape(page.path)}`, escape(page.usage)]],
    ['DESCRIPTION', prose(`${sentence(page.description)} ${page.promise}`.trim())],
    ['EXAMPLES', page.examples.flatMap(([line, does]) => ['.TP', `.B ${escape(line)}`, ...prose(does)])],
    ['COMMANDS', below.flatMap((each) => ['.TP', `.BR ${escape(nameOf(each))} (1)`, ...prose(each.summary)])],
    [
      'ARGUMENTS',
      page.arguments.flatMap((each) => ['.TP', `.I ${escape(each.name)}`, ...prose(each.description)]),
    ],
    [
      'OPTIONS',
      headings.flatMap((heading) => [
        ...(headings.length > 1 ? [`.SS ${escape(heading.replace(/:$/, ''))}`] : []),
        ...page.options
          .filter((each) => each.heading === heading)
          .flatMap((each) => ['.TP', `.B ${escape(each.flags)}`, ...prose(each.description)]),
      ]),
    ],
    ['EXIT STATUS', page.exits.flatMap(({ code, means }) => ['.TP', `.B ${code}`, ...prose(means)])],
    ['SEE ALSO', commaSeparated(related.map((each) => `.BR ${escape(nameOf(each))} (1)`))],
  ];
  const lines = sections
    .filter(([, body]) => body.length > 0)
    .flatMap(([title, body]) => [`.SH ${title}`, ...body]);
  const title = `.TH ${escape(name.toUpperCase())} 1 ${date} "prodigy\\-clean ${escape(version)}" "User Commands"`;
  return `.\\" Made from the tree of commands by scripts/pages.mjs.\n${title}\n${lines.join('\n')}\n`;
}

/** Parents, children and siblings. */
function isNear(other: CommandPage, page: CommandPage): boolean {
  const above = (path: string): string => path.slice(0, path.lastIndexOf(' '));
  return (
    other.path === above(page.path) ||
    above(other.path) === page.path ||
    above(other.path) === above(page.path)
  );
}

function commaSeparated(lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} ,` : line));
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(begun) ? begun : `${begun}.`;
}

/** No line of the source is long, for whoever reads or compares it. */
function prose(text: string): readonly string[] {
  return wrap(text, 72).split('\n').map(escape);
}

/** Nothing of a text is a request to the formatter: backslashes, hyphens, dots and quotes at the beginning. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^[.']/, '\\&$&');
}
