import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { binary, prodigyEnvironment, repositoryTop } from '../test/helpers/run-prodigy.ts';
import type { Sample } from './row.ts';
import type { Stage } from './stage.ts';

export type Child = Sample & {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type ChildOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Asked every few milliseconds; SIGKILL when it answers true. */
  readonly killWhen?: () => boolean;
};

/** Those that are running: whoever ends this process ends them, too. */
const running = new Set<ChildProcess>();

export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Runs a program and times it from its start to its end. Its output goes to files, not to pipes: who measures has
 * nothing to do meanwhile.
 */
export async function runTimed(
  stage: Stage,
  command: string,
  args: readonly string[],
  { cwd = stage.directory, env = {}, killWhen }: ChildOptions = {},
): Promise<Child> {
  const out = join(stage.directory, '.stdout');
  const err = join(stage.directory, '.stderr');
  const [outFd, errFd] = [openSync(out, 'w'), openSync(err, 'w')];
  try {
    const startedAtMs = performance.now();
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', outFd, errFd] });
    running.add(child);
    const timer =
      killWhen === undefined
        ? undefined
        : setInterval(() => {
            if (killWhen()) child.kill('SIGKILL');
          }, 5);
    const end = await new Promise<Pick<Child, 'ms' | 'exitCode' | 'signal'>>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (exitCode, signal) =>
        resolve({ ms: performance.now() - startedAtMs, exitCode, signal }),
      );
    }).finally(() => {
      clearInterval(timer);
      running.delete(child);
    });
    return { ...end, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') };
  } finally {
    closeSync(outFd);
    closeSync(errFd);
    rmSync(out, { force: true });
    rmSync(err, { force: true });
  }
}

/** A program to compare with. Throws when it fails. */
export async function runPeer(
  stage: Stage,
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', HOME: stage.directory, ...options.env };
  const ran = await runTimed(stage, command, args, { ...options, env });
  if (ran.exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${endOf(ran)}`);
  return ran;
}

/** The built program in a home of its own, with its memory and processor time. Exit codes are the caller's. */
export async function runOurs(
  stage: Stage,
  home: string,
  args: readonly string[],
  { env = {}, ...options }: ChildOptions = {},
): Promise<Child> {
  const usageFile = join(stage.directory, '.usage');
  const preload = join(repositoryTop(), 'bench', 'usage-preload.cjs');
  const ran = await runTimed(stage, process.execPath, ['--require', preload, binary(), ...args], {
    cwd: home,
    ...options,
    env: prodigyEnvironment(
      home,
      {
        PRODIGY_HOME: join(home, '.prodigy'),
        BENCH_USAGE_FILE: usageFile,
        NODE_V8_COVERAGE: undefined,
        ...env,
      },
      stage.directory,
    ),
  });
  // A process that was killed wrote none.
  if (!existsSync(usageFile)) return ran;
  const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as Required<Pick<Sample, 'peakBytes' | 'cpuMs'>>;
  rmSync(usageFile);
  return { ...ran, ...usage };
}

export function endOf({ exitCode, signal, stdout, stderr }: Child): string {
  return `${signal ?? `exit code ${exitCode}`}\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`.trim();
}
