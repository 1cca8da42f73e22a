import { Command, Help, type ErrorOptions, type Option } from 'commander';
import type { ArgumentEntry, CommandPage, Example, OptionEntry, ValueSource } from '../../ui/command-page.ts';
import { helpText } from '../../ui/help-text.ts';
import { nearest } from '../../ui/nearest.ts';
import { exitCodes, type ExitName } from '../outcome.ts';

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

  /** A word too many where a command could stand is most likely one that is not there. */
  override error(message: string, options?: ErrorOptions): never {
    const [word] = this.args;
    const isUnknownCommand =
      options?.code === 'commander.excessArguments' && this.commands.length > 0 && word !== undefined;
    return super.error(isUnknownCommand ? this.noSuchCommand(word) : message, options);
  }

  private noSuchCommand(word: string): string {
    const names = pageOf(this).commands.map(({ name }) => name);
    const meant = nearest(word, names);
    const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
    return `error: There is no '${this.path()} ${word}'${hint}\n  accepted: ${names.join(', ')}`;
  }
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
