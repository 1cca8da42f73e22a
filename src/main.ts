import { fileURLToPath } from 'node:url';
import { actionsFor } from './commands/actions.ts';
import { program, CommanderError } from './commands/program.ts';
import { packageVersion } from './version.ts';

const failed = 1;
const usage = 2;
const defect = 70;
const nobody = 127;

let hasLostOutput = false;

/** The `prodigy` binary: our commands are ours, every other is handed to the next `prodigy` on `PATH`. */
export async function main(args: readonly string[]): Promise<void> {
  const finish = (code: number): void => {
    process.exitCode = code;
  };
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    // Whoever read has seen enough, or the disk behind is full: the work goes on. A closed pipe is quiet.
    if (cause.code === 'EPIPE' || hasLostOutput) return;
    hasLostOutput = true;
    process.stderr.write(
      `Error: the output could not be written (${cause.code ?? cause.message}); the work goes on\n`,
    );
  });
  process.once('exit', (code) => {
    if (hasLostOutput && code === 0) process.exitCode = failed;
  });
  try {
    const version = packageVersion();
    const explained = wordsToExplain(args);
    if (explained !== undefined) program(version, actionsFor(process.env, version, finish)).helpOf(explained);
    if (!isOurs(args)) return finish(await passOn(args, version, finish));
    await program(version, actionsFor(process.env, version, finish)).parseAsync(withoutVerbose(args), {
      from: 'user',
    });
  } catch (cause) {
    if (cause instanceof CommanderError) return finish(cause.exitCode === 0 ? 0 : wrongUsage(cause, args));
    process.stderr.write(
      `A defect of prodigy-clean: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n` +
        '  report it with these lines; what was begun: prodigy clean resume\n',
    );
    finish(defect);
  }
}

/** The sentence was said on stderr already; `--json` gets its document all the same. */
function wrongUsage({ message }: CommanderError, args: readonly string[]): number {
  if (args.includes('--json')) {
    const error = { type: 'usage', message: message.replace(/^error: /, '') };
    const document = { schema: 'prodigy-clean/1', outcome: 'failed', exitCode: usage, error };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  return usage;
}

/** Prodigy's global `-v` may stand before the command. */
function withoutVerbose(args: readonly string[]): readonly string[] {
  const first = args.findIndex((arg) => !/^(?:-v+|--verbose)$/.test(arg));
  return args.slice(Math.max(0, first));
}

/** The command of ours that `help COMMAND` or `COMMAND help` asks about, which goes down to any depth. */
function wordsToExplain(args: readonly string[]): readonly string[] | undefined {
  const at = args.indexOf('help');
  const words = args.filter((_, index) => index !== at);
  const isQuestion = at === 0 || (at === 1 && (args[0] === 'clean' || args[0] === 'worktree'));
  const isPlain = !args.some((arg) => arg.startsWith('-'));
  return isQuestion && isPlain && isOurs(words) ? words : undefined;
}

function isOurs(args: readonly string[]): boolean {
  const [command, ...rest] = withoutVerbose(args);
  // Of Prodigy's own worktree commands, those that remove; the rest is Prodigy's.
  const isRemoval = ['clean', 'clean-orphaned'].includes(withoutVerbose(rest)[0] ?? '');
  return command === 'clean' || (command === 'worktree' && isRemoval);
}

async function passOn(
  args: readonly string[],
  version: string,
  finish: (code: number) => void,
): Promise<number> {
  const [{ handOver }, { readSearchPath }, { explain }] = await Promise.all([
    import('./commands/hand-over.ts'),
    import('./config.ts'),
    import('./ui/explain.ts'),
  ]);
  const self = fileURLToPath(new URL('../../bin/prodigy.cjs', import.meta.url));
  const done = await handOver(args, self, readSearchPath(process.env), process.env);
  if (done.isOk()) return done.value;
  // Without another prodigy, the general questions are answered by this one.
  const isHelp = args[0] === 'help' && (args.length === 1 || (args.length === 2 && args[1] === 'help'));
  const asksInGeneral =
    args.length === 0 || isHelp || ['--help', '-h', '--version', '-V'].includes(args[0] ?? '');
  if (asksInGeneral) {
    const asked = args.length === 0 || isHelp ? ['--help'] : args;
    await program(version, actionsFor(process.env, version, finish)).parseAsync(asked, { from: 'user' });
    return 0;
  }
  const { sentence, next } = explain(done.error);
  process.stderr.write(`Error: ${sentence}\n  ${next}\n`);
  return nobody;
}
