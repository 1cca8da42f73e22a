import type { CommandPage, Example } from './command-page.ts';

type Pair = readonly [term: string, description: string];

const indent = '  ';
/** A longer term has its description on the next line, so that the others keep room for theirs. */
const longestTerm = 26;
const narrowest = 40;

/**
 * `--help`, in the order of reading: what to type, what else there is, how it ends.
 *
 * @param width - columns of the terminal; no line is longer, unless a word of it is
 */
export function helpText(page: CommandPage, width: number): string {
  const columns = Math.max(width, narrowest);
  const commands = page.commands.map((each): Pair => [each.term, each.summary]);
  const words = page.arguments.map((each): Pair => [each.name, each.description]);
  const options = page.options.map((each): Pair => [each.flags, each.description]);
  const termWidth = Math.min(
    longestTerm,
    Math.max(0, ...[...commands, ...words, ...options].map(([term]) => term.length)),
  );
  const table = (pairs: readonly Pair[]): string =>
    pairs.map((pair) => row(pair, termWidth, columns)).join('\n');
  const headings = [...new Set(page.options.map(({ heading }) => heading))];

  const blocks: readonly (readonly [heading: string, body: string])[] = [
    ['Examples:', examplesText(page.examples, columns)],
    ['Commands:', table(commands)],
    ['Arguments:', table(words)],
    ...headings.map((heading) => {
      const group = page.options.filter((each) => each.heading === heading);
      return [heading, table(group.map((each) => [each.flags, each.description]))] as const;
    }),
    ['', wrap(page.promise, columns)],
    [
      'Exit codes:',
      page.exits.map(({ code, means }) => row([String(code).padStart(3), means], 3, columns)).join('\n'),
    ],
  ];
  const shown = blocks
    .filter(([, body]) => body !== '')
    .map(([heading, body]) => (heading === '' ? body : `${wrap(heading, columns)}\n${body}`));
  const usage = wrap(`Usage: ${page.path} ${page.usage}`, columns);
  return `${[usage, wrap(page.description, columns), ...shown].join('\n\n')}\n`;
}

/** In columns when that fits, else each description below its line. */
function examplesText(examples: readonly Example[], columns: number): string {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const fits = examples.every(([, does]) => indent.length + longest + 2 + does.length <= columns);
  return examples
    .map(([line, does]) =>
      fits
        ? `${indent}${line.padEnd(longest)}  ${does}`
        : `${indent}${line}\n${hanging(does, indent.repeat(3), columns)}`,
    )
    .join('\n');
}

function row([term, description]: Pair, termWidth: number, columns: number): string {
  const margin = ' '.repeat(indent.length + termWidth + 2);
  if (columns - margin.length < 20)
    return `${indent}${term}\n${hanging(description, indent.repeat(3), columns)}`;
  const body = hanging(description, margin, columns);
  return term.length > termWidth
    ? `${indent}${term}\n${body}`
    : `${indent}${term.padEnd(termWidth)}  ${body.trimStart()}`;
}

function hanging(text: string, margin: string, columns: number): string {
  return wrap(text, columns - margin.length)
    .split('\n')
    .map((line) => `${margin}${line}`)
    .join('\n');
}

/** Breaks lines at spaces, so that none is longer than `columns`, unless a word of it is. */
export function wrap(text: string, columns: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
