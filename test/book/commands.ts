import type { Result } from 'neverthrow';
import { parseRequest, type CleanFlags } from '../../src/commands/options.ts';
import { parseLog, type LogFlags } from '../../src/commands/log-request.ts';
import { program, type Actions } from '../../src/commands/program.ts';
import { TaughtCommand } from '../../src/commands/tree/taught.ts';
import type { UsageFailure } from '../../src/model/failure.ts';
import { explain } from '../../src/ui/explain.ts';
import { parseCommandLine } from '../../src/ui/shell-words.ts';
import { blocksIn, inlineCodeIn, type Page } from './markdown.ts';

/**
 * The calls of our commands that a page has, in blocks and between backquotes, without the shell around them. What a
 * block shows with its output is not among them: it is really run.
 */
export function callsIn(page: Page): readonly string[] {
  const lines = blocksIn(page)
    .filter(({ language, output }) => output === undefined && !['json', 'mermaid'].includes(language))
    .flatMap(({ text, language }) => {
      if (language === 'markdown') return inlineCodeIn({ ...page, text });
      const all = text.replaceAll(/\\\n\s*/g, '').split('\n');
      const typed = all.filter((line) => line.startsWith('$ '));
      return typed.length > 0 ? typed : all;
    });
  return [...lines, ...inlineCodeIn(page)].flatMap(callsOn);
}

/** The calls that are shown with what they answer. */
export function playedIn(page: Page): readonly string[] {
  return blocksIn(page)
    .filter(({ output }) => output !== undefined)
    .flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith('$ ')))
    .flatMap(callsOn);
}

function callsOn(line: string): readonly string[] {
  const [, call] =
    /(?:^|[\s$(&;/])prodigy((?: -v)? (?:clean|worktree clean|worktree clean-orphaned)(?![\w-]).*)$/.exec(
      line,
    ) ?? [undefined, undefined];
  return call === undefined ? [] : [call.trim()];
}

/** The words of a call: up to what a shell would not hand over, or a comment. */
function wordsOf(call: string): readonly string[] {
  const { words } = parseCommandLine(call, '');
  const end = words.findIndex((word) => /^(?:#.*|\|\|?|&&|;|\d?>{1,2}.*)$/.test(word));
  return words.slice(0, end === -1 ? undefined : end).map((word) => word.replace(/[);]+$/, ''));
}

/** Asks the program itself. Answers what it objects to, or nothing. */
export async function objectionTo(call: string): Promise<string | undefined> {
  const answers: Promise<Result<unknown, UsageFailure>>[] = [];
  let isCalled = false;
  const actions = new Proxy({} as Actions, {
    get:
      (_, name) =>
      (...given: readonly unknown[]) => {
        isCalled = true;
        if (name === 'clean')
          answers.push(Promise.resolve(parseRequest(given[0] as readonly string[], given[1] as CleanFlags)));
        if (name === 'log') answers.push(parseLog(given[0] as LogFlags, Date.now()));
        return Promise.resolve();
      },
  });
  const tree = program('0', actions);
  silence(tree);
  const words = wordsOf(call);
  try {
    await tree.parseAsync(words, { from: 'user' });
  } catch (cause) {
    const isHelp = words.includes('--help') || words.includes('--version');
    return isHelp ? undefined : cause instanceof Error ? cause.message : String(cause);
  }
  if (!isCalled) return 'it calls nothing';
  for (const answer of await Promise.all(answers)) if (answer.isErr()) return explain(answer.error).sentence;
  return undefined;
}

function silence(command: TaughtCommand): void {
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  for (const each of command.commands) if (each instanceof TaughtCommand) silence(each);
}
