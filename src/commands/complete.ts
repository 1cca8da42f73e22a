import type { Environment } from '../config.ts';
import type { Pages, ValueSource } from '../ui/command-page.ts';
import { complete, type Candidate } from '../ui/completion.ts';
import { bashReply, parseCommandLine, type CommandLine } from '../ui/shell-words.ts';

/** Somebody waits with a finger on the key: what is not known by then is not offered. */
const patienceMs = 2_000;

/** Sources that a path may be typed for, too. */
const takingPaths: readonly ValueSource[] = ['items', 'undoables', 'repositories'];

/**
 * Answers the scripts that `clean completion` prints: `bash LINE BREAKS`, or `zsh|fish WORD...` with the words after
 * `prodigy`. The first line says `values` or `files` (the shell is to offer files), each further one is a value, behind
 * a tab its description. Where nothing is known, nothing is offered.
 *
 * @param written - what the build wrote down; without it the tree is built
 */
export async function answerCompletion(
  args: readonly string[],
  written: Pages | undefined,
  environment: Environment,
  write: (text: string) => void,
): Promise<void> {
  const say = (lines: readonly string[]): void => write(`${lines.join('\n')}\n`);
  const [shell, ...rest] = args;
  const line = shell === 'bash' ? parseCommandLine(rest[0] ?? '', rest[1] ?? '') : undefined;
  const words = line === undefined ? rest : afterCommand(line.words);
  const pages = written ?? (await pagesOfTree());
  const { candidates, values } = complete(pages.root, words);
  if (values?.source === 'files' || (values !== undefined && isPath(values.source, values.typed))) {
    return say(['files']);
  }
  const known = values === undefined ? [] : fitting(pages.values[values.source] ?? [], values.typed);
  const isLive = values !== undefined && pages.values[values.source] === undefined;
  const live = isLive ? await liveInTime(values.source, values.typed, environment) : [];
  const prefix = values?.prefix ?? '';
  const all = [
    ...candidates,
    ...[...known, ...live]
      // What was said already is not offered again where several are taken.
      .filter(({ value }) => values?.source !== 'kinds-and-all' || !words.slice(0, -1).includes(value))
      .map((each) => ({ ...each, value: prefix + each.value })),
  ];
  return say(['values', ...all.flatMap((each) => told(each, line))]);
}

/** The command itself may have assignments before it. */
function afterCommand(words: readonly string[]): readonly string[] {
  const command = words.findIndex((word) => !/^\w+=/.test(word));
  return words.slice(command + 1);
}

function isPath(source: ValueSource, typed: string): boolean {
  return takingPaths.includes(source) && /^[./~]|^[^:]*\//.test(typed);
}

function fitting(values: readonly string[], typed: string): readonly Candidate[] {
  return values.filter((value) => value.startsWith(typed)).map((value) => ({ value }));
}

/** A line each; what has control characters in it cannot be told, nor typed. */
function told({ value, description }: Candidate, line: CommandLine | undefined): readonly string[] {
  if (/\p{Cc}/u.test(value)) return [];
  if (line !== undefined) {
    const reply = bashReply(value, line);
    return reply === undefined ? [] : [reply];
  }
  return [description === undefined || description === '' ? value : `${value}\t${description}`];
}

async function pagesOfTree(): Promise<Pages> {
  const [{ treeOf }, { fixedValues }] = await Promise.all([
    import('./tree/tree-of.ts'),
    import('./fixed-values.ts'),
  ]);
  return { root: treeOf().root, values: fixedValues };
}

async function liveInTime(
  source: ValueSource,
  typed: string,
  environment: Environment,
): Promise<readonly Candidate[]> {
  const [{ readConfig }, { liveValues }] = await Promise.all([
    import('../config.ts'),
    import('./live-values.ts'),
  ]);
  const config = readConfig(environment);
  if (config.isErr()) return [];
  const signal = AbortSignal.timeout(patienceMs);
  const late = new Promise<readonly Candidate[]>((resolve) => {
    signal.addEventListener('abort', () => resolve([]));
  });
  const found = liveValues(source, typed, config.value, Date.now(), signal).catch(() => []);
  return Promise.race([found, late]);
}
