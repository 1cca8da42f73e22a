import type { ArgumentEntry, CommandPage, OptionEntry, ValueSource } from './command-page.ts';

export type Candidate = { readonly value: string; readonly description?: string };

/** What can stand at the cursor. */
export type Completion = {
  /** What is known from the tree alone. */
  readonly candidates: readonly Candidate[];
  /** Where more comes from, and what each of it is put behind: `--run=`. */
  readonly values?: { readonly source: ValueSource; readonly prefix: string; readonly typed: string };
};

const nothing: Completion = { candidates: [] };
/** Not ours: whatever the shell offers. */
const files: Completion = { candidates: [], values: { source: 'files', prefix: '', typed: '' } };

/**
 * What can follow, from the tree of commands.
 *
 * @param words - after `prodigy`, unquoted; the last one is at the cursor, and may be empty
 */
export function complete(root: CommandPage, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  let page = root;
  let above = root;
  let place = 0;
  let hasEnded = false;
  let pending: OptionEntry | undefined;
  const given: OptionEntry[] = [];
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) pending = undefined;
    else if (!hasEnded && word === '--') hasEnded = true;
    else if (!hasEnded && word.startsWith('-')) {
      const option = optionOf(page, word);
      if (option !== undefined) given.push(option);
      pending = wantsValue(page, word);
    } else {
      const next = place === 0 && !hasEnded ? page.commands.find(({ name }) => name === word) : undefined;
      if (next === undefined) place += 1;
      else [above, page] = [page, next];
      // Every other command is handed over, and completed by whoever knows it.
      if (page === root) return files;
    }
  }
  if (pending !== undefined) return valued(pending.values, '', typed);
  if (!hasEnded && typed.startsWith('-')) return optionsAt(page, typed);

  const commands =
    page.name === 'help' ? above.commands.filter(({ name }) => name !== 'help') : page.commands;
  const candidates =
    place === 0 && !hasEnded
      ? commands
          .filter((command) => command.name.startsWith(typed) && takesAll(command, given))
          .map(({ name, summary }): Candidate => ({ value: name, description: summary }))
      : [];
  const argument = argumentAt(page, place);
  return { ...valued(argument?.values, '', typed), candidates };
}

function argumentAt(page: CommandPage, place: number): ArgumentEntry | undefined {
  const last = page.arguments.at(-1);
  return page.arguments[place] ?? (last?.isVariadic === true ? last : undefined);
}

function valued(source: ValueSource | undefined, prefix: string, typed: string): Completion {
  return source === undefined || source === 'nothing'
    ? nothing
    : { candidates: [], values: { source, prefix, typed } };
}

/** What was given to a command is asked of its subcommand, too (`commands/tree/taught.ts`): who refuses it is not offered. */
function takesAll({ options, commands }: CommandPage, given: readonly OptionEntry[]): boolean {
  const names = new Set(options.flatMap((option) => option.names));
  return (
    given.every((option) => names.has(longestOf(option))) || commands.some((below) => takesAll(below, given))
  );
}

function longestOf({ names }: OptionEntry): string {
  return names.at(-1) ?? '';
}

function optionOf(page: CommandPage, word: string): OptionEntry | undefined {
  const name = word.startsWith('--') ? word.replace(/=.*$/s, '') : word;
  return page.options.find(({ names }) => names.includes(name));
}

function wantsValue(page: CommandPage, word: string): OptionEntry | undefined {
  return page.options.find(({ names, values }) => values !== undefined && names.includes(word));
}

function optionsAt(page: CommandPage, typed: string): Completion {
  const equals = typed.indexOf('=');
  if (equals > 0) {
    const option = wantsValue(page, typed.slice(0, equals));
    return valued(option?.values, typed.slice(0, equals + 1), typed.slice(equals + 1));
  }
  const candidates = page.options.flatMap(({ names, description }) =>
    // The long name says what it does; a short one is for who has begun to type it.
    names
      .filter((name) => name.startsWith(typed) && (name.startsWith('--') || typed !== '-'))
      .map((value): Candidate => ({ value, description })),
  );
  return { candidates };
}
