import { Command, Help, type ErrorOptions, type Option } from 'commander';
import type { ArgumentEntry, CommandPage, Example, OptionEntry, ValueSource } from '../../ui/command-page.ts';
import { helpText } from '../../ui/help-text.ts';
import { nearest } from '../../ui/nearest.ts';
import { exitCodes, type ExitName } from '../outcome.ts';

/** An option as it was typed: what is made of its value is the affair of the command that gets it. */
type Given = { readonly option: Option; readonly value: string | null | undefined };

/** What counts of an option, and of what it is the value that was typed nearest. */
type Settled = { readonly command: TaughtCommand; readonly value: Given['value'] };

type Completes = Readonly<Record<string, ValueSource>>;

type Taught = {
  examples: readonly Example[];
  promise: string;
  exits: readonly ExitName[];
  completes: Completes;
};

/** A command that also knows its examples, its promises, its exit codes, and where values come from. */
export class TaughtCommand extends Command {
  readonly taught: Taught = { examples: [], promise: '', exits: [], completes: {} };
  readonly #given: Given[] = [];

  override addOption(option: Option): this {
    this.on(`option:${option.name()}`, (value: Given['value']) => this.#given.push({ option, value }));
    return super.addOption(option);
  }

  override createCommand(name?: string): TaughtCommand {
    return new TaughtCommand(name);
  }

  override createHelp(): Help {
    return new TaughtHelp();
  }

  examples(...examples: readonly Example[]): this {
    this.taught.examples = examples;
    return this;
  }

  /** A paragraph that stands before the exit codes. */
  promises(text: string): this {
    this.taught.promise = text;
    return this;
  }

  exits(...names: readonly ExitName[]): this {
    this.taught.exits = names;
    return this;
  }

  /** Where shells find values, by the long name of an option or the name of an argument. */
  completes(sources: Completes): this {
    this.taught.completes = sources;
    return this;
  }

  /** Ends the options with the one that each command has. */
  withHelp(): this {
    return this.optionsGroup('General:').helpOption('-h, --help', 'show this help');
  }

  /** `prodigy clean log`, as it is typed. */
  path(): string {
    return this.parent instanceof TaughtCommand ? `${this.parent.path()} ${this.name()}` : this.name();
  }

  /**
   * What stands before a subcommand is the subcommand's as well: it counts as given there. What may be repeated adds
   * up; of the rest two values are wrong usage, for whoever typed a brake meant it; and what has no such option
   * refuses, for nobody means what does nothing.
   */
  heedEarlierOptions(): void {
    const settled = new Map<string, Settled>();
    settle(settled, this, this.#given);
    for (let above = this.parent; above instanceof TaughtCommand; above = above.parent) {
      const given = [...above.#given];
      const last = new Map(given.map((each) => [nameOf(each.option), each]));
      for (const each of given) {
        const { option, value } = each;
        const own = this.options.find(({ long }) => long === option.long);
        if (own === undefined) this.error(this.noSuchOption(option, above));
        const nearer = isRepeatable(own) ? undefined : settled.get(nameOf(option));
        // Given twice in one place the last counts, as everywhere.
        if (nearer !== undefined && last.get(nameOf(option)) === each && nearer.value !== value)
          this.error(twoValues(option, { command: above, value }, nearer));
        if (nearer === undefined && !this.isTaken(option, value))
          this.error(this.noSuchOption(option, above));
      }
      settle(settled, above, given);
    }
  }

  /** Shows the help of the command that the words lead to; a word that leads nowhere is wrong usage. */
  helpOf([word, ...deeper]: readonly string[]): never {
    if (word === undefined) return this.help();
    const below = this.commands.find((command) => command.name() === word);
    return below instanceof TaughtCommand ? below.helpOf(deeper) : this.error(this.noSuchCommand(word));
  }

  /** A word too many where a command could stand is most likely one that is not there. */
  override error(message: string, options?: ErrorOptions): never {
    const [word] = this.args;
    const isUnknownCommand =
      options?.code === 'commander.excessArguments' && this.commands.length > 0 && word !== undefined;
    return super.error(isUnknownCommand ? this.noSuchCommand(word) : message, options);
  }

  private isTaken(option: Option, value: Given['value']): boolean {
    const name = nameOf(option);
    const { unknown } = this.parseOptions([typeof value === 'string' ? `${name}=${value}` : name]);
    return unknown.length === 0;
  }

  private noSuchOption(option: Option, above: TaughtCommand): string {
    const accepted = this.options.map(nameOf);
    return (
      `error: '${this.path()}' takes no ${nameOf(option)}; '${above.path()}' itself does\n` +
      `  accepted: ${accepted.length === 0 ? 'no option' : accepted.join(', ')}`
    );
  }

  private noSuchCommand(word: string): string {
    const names = pageOf(this).commands.map(({ name }) => name);
    const meant = nearest(word, names);
    const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
    const accepted = names.length === 0 ? '' : `\n  accepted: ${names.join(', ')}`;
    return `error: There is no '${this.path()} ${word}'${hint}${accepted}`;
  }
}

function nameOf({ long, flags }: Option): string {
  return long ?? flags;
}

/** Only what gathers its values looks at them as they are parsed. */
function isRepeatable({ parseArg, variadic }: Option): boolean {
  return variadic || parseArg !== undefined;
}

/** Those of one place: the last of each, where none is settled that is nearer. */
function settle(settled: Map<string, Settled>, command: TaughtCommand, given: readonly Given[]): void {
  const nearer = new Set(settled.keys());
  for (const { option, value } of given)
    if (!nearer.has(nameOf(option))) settled.set(nameOf(option), { command, value });
}

function twoValues(option: Option, above: Settled, nearer: Settled): string {
  const name = nameOf(option);
  const [first, second] = [above, nearer].map(
    ({ command, value }) => `'${value ?? ''}' behind '${command.path()}'`,
  );
  return (
    `error: ${name} has two values: ${first}, and ${second}\n` +
    `  accepted: ${name} in one place, or the same value in both`
  );
}

/** Commander finds out how wide the terminal is; the text is ours. */
class TaughtHelp extends Help {
  override formatHelp(command: Command, helper: Help): string {
    return command instanceof TaughtCommand
      ? helpText(pageOf(command), helper.helpWidth ?? 80)
      : super.formatHelp(command, helper);
  }
}

/** The command as data, with all commands below it that are not hidden. */
export function pageOf(command: TaughtCommand): CommandPage {
  const help = new Help();
  const commands = help
    .visibleCommands(command)
    .filter((each) => each instanceof TaughtCommand)
    .map((each) => pageOf(each));
  const words = command.registeredArguments.map((each): ArgumentEntry => ({
    name: each.name(),
    description: each.description,
    isVariadic: each.variadic,
    values: command.taught.completes[each.name()] ?? 'nothing',
  }));
  const wanted = command.registeredArguments.map((each) => {
    const name = `${each.name()}${each.variadic ? '...' : ''}`;
    return each.required ? `<${name}>` : `[${name}]`;
  });
  const { examples, promise, exits } = command.taught;
  return {
    path: command.path(),
    name: command.name(),
    term: [command.name(), ...wanted].join(' '),
    usage: command.usage(),
    summary: command.summary() === '' ? command.description() : command.summary(),
    description: command.description(),
    examples,
    arguments: words,
    options: help.visibleOptions(command).map((option) => optionEntry(option, command)),
    promise,
    exits: exits.map((name) => exitCodes[name]),
    commands,
  };
}

function optionEntry(option: Option, { taught }: TaughtCommand): OptionEntry {
  const { flags, short, long, description } = option;
  const takesValue = option.required || option.optional;
  return {
    flags,
    names: [short, long].filter((name) => name !== undefined),
    description,
    heading: option.helpGroupHeading ?? 'Options:',
    ...(takesValue ? { values: taught.completes[long ?? flags] ?? 'nothing' } : {}),
  };
}
