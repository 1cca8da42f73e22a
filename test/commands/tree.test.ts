import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseRequest } from '../../src/commands/options.ts';
import { CommanderError, program, type Actions } from '../../src/commands/program.ts';
import { TaughtCommand } from '../../src/commands/tree/taught.ts';
import { treeOf } from '../../src/commands/tree/tree-of.ts';
import type { CommandPage } from '../../src/ui/command-page.ts';
import { helpText } from '../../src/ui/help-text.ts';
import { manPages } from '../../src/ui/man-page.ts';
import { parseCommandLine } from '../../src/ui/shell-words.ts';
import { repositoryTop } from '../helpers/run-prodigy.ts';

const { root } = treeOf();
const pages = allOf(root).filter(({ name }) => name !== 'help');

function allOf(page: CommandPage): readonly CommandPage[] {
  return [page, ...page.commands.flatMap(allOf)];
}

/** The tree with actions that only say which of them was called. */
function recording(): { readonly tree: TaughtCommand; readonly called: string[] } {
  const called: string[] = [];
  const actions = new Proxy({} as Actions, {
    get: (_, name) => () => {
      called.push(String(name));
      return Promise.resolve();
    },
  });
  const tree = program('0', actions);
  tree.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  return { tree, called };
}

/** The call of `prodigy` in a line for a shell: without what is around it. */
function callIn(line: string): readonly string[] {
  const { words } = parseCommandLine(line.replace(/^source <\((.*)\)$/, '$1'), '');
  const end = words.findIndex((word) => ['>>', '>', '|'].includes(word));
  return words.slice(1, end === -1 ? undefined : end);
}

for (const page of pages) {
  test(`${page.path} has examples, and each of them is understood by the program itself`, async (t) => {
    t.true(page.examples.length > 0);
    for (const [line] of page.examples) {
      const { tree, called } = recording();
      const words = callIn(line);
      if (words.at(-1) === '--help') continue;
      await t.notThrowsAsync(tree.parseAsync(words, { from: 'user' }), line);
      t.is(called.length, 1, line);
    }
  });

  test(`the help of ${page.path} begins with its examples, ends with its exit codes, and keeps to the width`, (t) => {
    for (const width of [40, 80, 132]) {
      const text = helpText(page, width);
      const lines = text.trimEnd().split('\n');
      const headings = lines.filter((line) => /^[A-Z].*:$/.test(line));
      t.is(headings[0], 'Examples:', text);
      t.is(headings.at(-1), 'Exit codes:', text);
      t.regex(lines.at(-1) ?? '', /^ +(?:\d+ )?/);
      // What cannot be broken stays whole: flags, and lines to be copied.
      const whole = new Set([
        ...page.examples.map(([line]) => line),
        ...page.options.map(({ flags }) => flags),
        ...page.commands.map(({ term }) => term),
      ]);
      for (const line of lines) t.true(line.length <= width || whole.has(line.trim()), `${width}: ${line}`);
      for (const { names } of page.options) for (const name of names) t.true(text.includes(name), name);
      for (const { name } of page.commands) t.true(text.includes(`\n  ${name}`), name);
      for (const { code } of page.exits) t.regex(text, new RegExp(`\\n +${code}  `));
    }
  });
}

test('help at 80 columns has no longer line, whatever it is', (t) => {
  for (const page of pages) {
    for (const line of helpText(page, 80).split('\n')) t.true(line.length <= 80, `${page.path}: ${line}`);
  }
});

test('it is said of every value where it comes from, and of nothing else', (t) => {
  const { tree } = recording();
  const visit = (command: TaughtCommand): void => {
    const valued = command.options.filter((option) => option.required || option.optional);
    const names = [
      ...valued.map(({ long, flags }) => long ?? flags),
      ...command.registeredArguments.map((argument) => argument.name()),
    ];
    t.deepEqual(Object.keys(command.taught.completes).sort(), names.sort(), command.path());
    for (const below of command.commands) if (below instanceof TaughtCommand) visit(below);
  };
  visit(tree);
});

/** All commands below, with the words that lead there. */
function* below(
  above: TaughtCommand,
  words: readonly string[] = [],
): Generator<readonly [TaughtCommand, readonly string[]]> {
  for (const command of above.commands) {
    if (!(command instanceof TaughtCommand)) continue;
    yield [command, [...words, command.name()]];
    yield* below(command, [...words, command.name()]);
  }
}

/** What the called action got as its flags, or what was said against the line. */
async function heard(line: readonly string[]): Promise<Record<string, unknown> | string> {
  let flags: Record<string, unknown> | undefined;
  const actions = new Proxy({} as Actions, {
    get:
      () =>
      (...given: unknown[]) => {
        flags = given.at(-1) as Record<string, unknown>;
        return Promise.resolve();
      },
  });
  const tree = program('0', actions);
  for (const command of [tree, ...[...below(tree)].map(([each]) => each)])
    command.configureOutput({ writeErr: () => undefined });
  try {
    await tree.parseAsync(line, { from: 'user' });
  } catch (cause) {
    if (flags === undefined && cause instanceof CommanderError && cause.exitCode !== 0) return cause.message;
    throw cause;
  }
  return flags ?? 'no action was called';
}

test("an option before a subcommand is the subcommand's, or wrong usage: none is swallowed (P6)", async (t) => {
  const { tree } = recording();
  let honoured = 0;
  let refused = 0;
  for (const [above, before] of below(tree)) {
    for (const [command, words] of below(above)) {
      const needed = command.registeredArguments.filter(({ required }) => required).map(() => 'x');
      for (const option of above.options.filter(({ long }) => long !== '--version')) {
        const { long, required, negate } = option;
        const line = [...before, long ?? '', ...(required ? ['7'] : []), ...words, ...needed];
        const own = command.options.find((each) => each.long === long);
        const said = await heard(line);
        const shown = `${line.join(' ')}: ${JSON.stringify(said)}`;
        if (own === undefined) t.true(typeof said === 'string' && said.includes(`takes no ${long}`), shown);
        else if (typeof said === 'string') t.fail(shown);
        else t.deepEqual([said[own.attributeName()]].flat(), [required ? '7' : !negate], shown);
        if (own === undefined) refused += 1;
        else honoured += 1;
      }
    }
  }
  t.true(honoured > 50 && refused > 200, `${honoured} honoured, ${refused} refused`);
});

test('of an option before a subcommand and behind it nothing is dropped: what may be repeated adds up', async (t) => {
  const cases = [
    ['clean --repo a --repo b log', 'repo', ['a', 'b']],
    ['clean --repo a log --repo b', 'repo', ['b', 'a']],
    ['clean --repo a log --repo a', 'repo', ['a', 'a']],
    ['clean --repo= log', 'repo', ['']],
    ['clean --max-delete 2 apply x --max-delete 2', 'maxDelete', '2'],
    ['clean --max-delete 1 --max-delete 2 apply x --max-delete 2', 'maxDelete', '2'],
    ['clean --max-delete 1 --max-delete 2 apply x', 'maxDelete', '2'],
    ['clean --json apply x --json', 'json', true],
    ['clean --no-undo apply x --no-undo', 'undo', false],
  ] as const;
  for (const [line, name, value] of cases) {
    const flags = await heard(line.split(' '));
    t.deepEqual(typeof flags === 'string' ? flags : flags[name], value, line);
  }
});

test('two values of an option that has one are wrong usage, and both places are named', async (t) => {
  const cases = [
    [
      'clean --max-delete 1 apply x --max-delete 100',
      /--max-delete has two values: '1' behind 'prodigy clean', and '100' behind 'prodigy clean apply'/,
    ],
    ['clean --max-delete 100 apply --max-delete 1 x', /--max-delete has two values: '100' .*, and '1' /],
    [
      'clean --at 1 log show x --at 2',
      /--at has two values: '1' .*, and '2' behind 'prodigy clean log show'/,
    ],
    ['clean --max-delete 2 --max-delete 1 resume --max-delete 2', /two values: '1' .*, and '2' /],
  ] as const;
  for (const [line, says] of cases) {
    const said = await heard(line.split(' '));
    t.regex(typeof said === 'string' ? said : JSON.stringify(said), says, line);
  }
});

test('an option that looks at its values as they are parsed gathers them, so it may be repeated', (t) => {
  const { tree } = recording();
  for (const [command, words] of below(tree)) {
    for (const option of command.options) {
      const twice = option.required ? option.parseArg?.('b', option.parseArg('a', undefined)) : undefined;
      if (option.parseArg !== undefined) t.deepEqual(twice, ['a', 'b'], `${words.join(' ')} ${option.flags}`);
    }
  }
});

test('whoever mistypes a command of clean is told of all there are', (t) => {
  const failure = parseRequest(['nothing-like-it'], {})._unsafeUnwrapErr();
  const clean = root.commands.find(({ name }) => name === 'clean');
  for (const { name } of clean?.commands ?? []) {
    if (name !== 'help') t.true(failure.accepted?.includes(name), name);
  }
});

test('there is a manual page for each command, package.json names them, and each tells all that help tells', (t) => {
  const manual = manPages(root, { version: '1.2.3', date: '2026-11-25' });
  const { man } = JSON.parse(readFileSync(join(repositoryTop(), 'package.json'), 'utf8')) as {
    man: readonly string[];
  };
  t.deepEqual(
    [...man].sort(),
    [...manual.keys()].map((name) => `./man/${name}`).sort(),
    'what package.json lists, and what the tree has',
  );
  for (const page of pages.filter((each) => each !== root)) {
    const text = (manual.get(`${page.path.replaceAll(' ', '-')}.1`) ?? '').replaceAll('\\-', '-');
    t.regex(text, /^\.TH .* 1 2026-11-25 "prodigy-clean 1\.2\.3"/m);
    for (const { flags } of page.options) t.true(text.includes(`.B ${flags}\n`), `${page.path} ${flags}`);
    for (const [line] of page.examples) t.true(text.includes(`.B ${line}\n`.replaceAll('"', '\\(dq')), line);
    for (const { code } of page.exits) t.true(text.includes(`.B ${code}\n`), `${page.path} ${code}`);
  }
});

test('nothing of a text is a request to the formatter of manual pages', (t) => {
  const page: CommandPage = {
    ...root,
    path: 'prodigy odd',
    name: 'odd',
    commands: [],
    description: `.so /etc/passwd ${'word '.repeat(20)}'quoted \\fBbold "marks"`,
    examples: [['.sy rm', "'tricky"]],
  };
  const text = manPages({ ...root, commands: [page] }, { version: '1', date: '2026-11-25' }).get(
    'prodigy-odd.1',
  );
  t.notRegex(text ?? '', /^\.s[oy]|^'|\\fB/m);
  t.regex(text ?? '', /^\\&\.so/m);
});

const hasGroff = spawnSync('groff', ['--version']).status === 0;

(hasGroff ? test : test.skip)('groff has nothing to say against a page of the manual', (t) => {
  for (const [name, text] of manPages(root, { version: '1.2.3', date: '2026-11-25' })) {
    const { status, stderr, stdout } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], {
      input: text,
      encoding: 'utf8',
    });
    t.deepEqual([status, stderr], [0, ''], name);
    t.true(stdout.length > 500, name);
  }
});
