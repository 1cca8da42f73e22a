import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { actionsFor } from './commands/actions.ts';
import { program, CommanderError } from './commands/program.ts';

const usage = 2;
const defect = 70;
const nobody = 127;

/** The `prodigy` binary: our commands are ours, every other is handed to the next `prodigy` on `PATH`. */
export async function main(args: readonly string[]): Promise<void> {
  const finish = (code: number): void => {
    process.exitCode = code;
  };
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (cause: NodeJS.ErrnoException) => {
      // Whoever read has seen enough; the work goes on, and its exit code stands.
      if (cause.code !== 'EPIPE') throw cause;
    });
  }
  try {
    const version = packageVersion();
    if (!isOurs(args)) return finish(await passOn(args, version, finish));
    await program(version, actionsFor(process.env, version, finish)).parseAsync(withoutVerbose(args), {
      from: 'user',
    });
  } catch (cause) {
    if (cause instanceof CommanderError) return finish(cause.exitCode === 0 ? 0 : usage);
    process.stderr.write(
      `A defect of prodigy-clean: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`,
    );
    finish(defect);
  }
}

/** Prodigy's global `-v` may stand before the command. */
function withoutVerbose(args: readonly string[]): readonly string[] {
  const first = args.findIndex((arg) => !/^(?:-v+|--verbose)$/.test(arg));
  return args.slice(Math.max(0, first));
}

function isOurs(args: readonly string[]): boolean {
  return withoutVerbose(args)[0] === 'clean';
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
  const asksInGeneral =
    args.length === 0 || ['--help', '-h', 'help', '--version', '-V'].includes(args[0] ?? '');
  if (asksInGeneral) {
    const asked = args.length === 0 || args[0] === 'help' ? ['--help'] : args;
    await program(version, actionsFor(process.env, version, finish)).parseAsync(asked, { from: 'user' });
    return 0;
  }
  const { sentence, next } = explain(done.error);
  process.stderr.write(`Error: ${sentence}\n${next === undefined ? '' : `  ${next}\n`}`);
  return nobody;
}

function packageVersion(): string {
  const path = fileURLToPath(new URL('../../package.json', import.meta.url));
  return String((JSON.parse(readFileSync(path, 'utf8')) as { version: unknown }).version);
}
