import { Command, Help, type ErrorOptions } from 'commander';
import { exitCodes, type ExitName } from '../outcome.ts';

/** A line to type, and what it does, in a few words. */
export type Example = readonly [line: string, does: string];

/** A command that also knows its examples, its promises and its exit codes: help and man pages are made of them. */
export class TaughtCommand extends Command {
  readonly taught: { examples: readonly Example[]; promise: string; exits: readonly ExitName[] } = {
    examples: [],
    promise: '',
    exits: [],
  };

  override createCommand(name?: string): TaughtCommand {
    return new TaughtCommand(name);
  }

  override createHelp(): TaughtHelp {
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

  /** Ends the options with those that each command has. */
  withHelp(): this {
    return this.optionsGroup('General:').helpOption('-h, --help', 'show this help');
  }

  /** `prodigy clean log`, as it is typed. */
  path(): string {
    const above = this.parent instanceof TaughtCommand ? `${this.parent.path()} ` : '';
    return `${above}${this.name()}`;
  }

  /** A word too many where a subcommand could stand is most likely one that is not there. */
  override error(message: string, options?: ErrorOptions): never {
    const [word] = this.args;
    const isUnknownCommand =
      options?.code === 'commander.excessArguments' && this.commands.length > 0 && word !== undefined;
    return super.error(isUnknownCommand ? this.noSuchCommand(word) : message, options);
  }

  private noSuchCommand(word: string): string {
    const names = this.createHelp()
      .visibleCommands(this)
      .map((command) => command.name());
    return `error: There is no '${this.path()} ${word}'\n  accepted: ${names.join(', ')}`;
  }
}

const indent = '  ';
/** A longer term has its description on the next line, so that the others keep room for theirs. */
const longestTerm = 26;

/** Help in the order of reading: what to type, what it does to what, what else there is, how it ends. */
export class TaughtHelp extends Help {
  override subcommandTerm(command: Command): string {
    const words = command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${name}>` : `[${name}]`;
    });
    return [command.name(), ...words].join(' ');
  }

  override padWidth(command: Command, helper: Help): number {
    return Math.min(longestTerm, super.padWidth(command, helper));
  }

  override formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    if (helper.displayWidth(term) <= termWidth) return super.formatItem(term, termWidth, description, helper);
    return `${indent}${term}\n${super.formatItem('', termWidth, description, helper)}`;
  }

  override formatHelp(command: Command, helper: Help): string {
    const width = helper.helpWidth ?? 80;
    const taught = command instanceof TaughtCommand ? command.taught : undefined;
    const termWidth = helper.padWidth(command, helper);
    const items = (pairs: readonly (readonly [term: string, description: string])[]): string =>
      pairs.map(([term, description]) => helper.formatItem(term, termWidth, description, helper)).join('\n');

    const options = helper.groupItems(
      [...command.options],
      helper.visibleOptions(command),
      (option) => option.helpGroupHeading ?? 'Options:',
    );
    const blocks: readonly (readonly [heading: string, body: string])[] = [
      ['Examples:', examplesText(taught?.examples ?? [], width)],
      [
        'Commands:',
        items(
          helper
            .visibleCommands(command)
            .map((each) => [helper.subcommandTerm(each), helper.subcommandDescription(each)]),
        ),
      ],
      [
        'Arguments:',
        items(
          helper
            .visibleArguments(command)
            .map((each) => [helper.argumentTerm(each), helper.argumentDescription(each)]),
        ),
      ],
      ...[...options].map(
        ([heading, group]) =>
          [
            heading,
            items(group.map((each) => [helper.optionTerm(each), helper.optionDescription(each)])),
          ] as const,
      ),
      ['', helper.boxWrap(taught?.promise ?? '', width)],
      ['Exit codes:', (taught?.exits ?? []).map((name) => exitLine(name)).join('\n')],
    ];
    const usage = helper.boxWrap(`Usage: ${helper.commandUsage(command)}`, width);
    const description = helper.boxWrap(helper.commandDescription(command), width);
    const shown = blocks
      .filter(([, body]) => body !== '')
      .map(([heading, body]) => (heading === '' ? body : `${heading}\n${body}`));
    return `${[usage, description, ...shown].join('\n\n')}\n`;
  }
}

/** In columns when that fits, else each description below its line. */
function examplesText(examples: readonly Example[], width: number): string {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const fits = examples.every(([, does]) => indent.length + longest + 2 + does.length <= width);
  return examples
    .map(([line, does]) =>
      fits ? `${indent}${line.padEnd(longest)}  ${does}` : `${indent}${line}\n${indent.repeat(3)}${does}`,
    )
    .join('\n');
}

function exitLine(name: ExitName): string {
  const { code, means } = exitCodes[name];
  return `${indent}${String(code).padStart(3)}  ${means}`;
}
