import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTemporary } from './temporary.ts';

export type RunOptions = {
  /** Defaults to the home. */
  readonly cwd?: string;
  /** Written to stdin, which is then closed; without it stdin is empty. Never a terminal. */
  readonly input?: string;
  /** Added to the minimal environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The process is killed and the call rejects after this time. One minute unless told. */
  readonly timeoutMs?: number;
  /** Sends `killSignal` so many milliseconds after the start. */
  readonly killAfter?: number;
  /** Sends `killSignal` when stdout or stderr, as collected so far, matches. */
  readonly killOn?: RegExp;
  /** Asked at once and then about every millisecond; sends `killSignal` when it answers true. */
  readonly killWhen?: () => boolean;
  /** SIGKILL unless told. */
  readonly killSignal?: NodeJS.Signals;
  /** Told what comes on stdout, as it comes. */
  readonly onStdout?: (text: string) => void;
  /** Shows the output as it comes instead of collecting it. */
  readonly show?: boolean;
  /** The directory, other than the temporary one, below which HOME may lie: for the demo's own. */
  readonly below?: string;
};

export type Ran = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether a `kill...` option struck before the process had ended by itself. */
  readonly killed: boolean;
};

/**
 * Runs the built binary, `node bin/prodigy.cjs`, with a HOME that must lie below the temporary directory and nothing
 * else of our environment than PATH. Expected exit codes are answers, not errors.
 */
export function runProdigy(
  home: string | { readonly home: string },
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const directory = typeof home === 'string' ? home : home.home;
  const environment = prodigyEnvironment(directory, options.env, options.below);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [binary(), ...args], {
      cwd: options.cwd ?? directory,
      env: environment,
      stdio: ['pipe', options.show === true ? 'inherit' : 'pipe', options.show === true ? 'inherit' : 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let killed = false;
    const kill = (): void => {
      if (
        child.exitCode === null &&
        child.signalCode === null &&
        child.kill(options.killSignal ?? 'SIGKILL')
      ) {
        killed = true;
      }
    };
    const heard = (): void => {
      if (!killed && options.killOn !== undefined && options.killOn.test(stdout + stderr)) kill();
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onStdout?.(text);
      heard();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      heard();
    });
    // A process that ends before it has read its input is not an error of the test.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');

    const { killWhen, timeoutMs = 60_000 } = options;
    const startedAtMs = performance.now();
    const isCatchable = (options.killSignal ?? 'SIGKILL') !== 'SIGKILL';
    const ask = (): void => {
      if (!killed && killWhen?.() === true) kill();
    };
    ask();
    const timers = [
      setTimeout(() => child.kill('SIGKILL'), timeoutMs),
      ...(options.killAfter === undefined ? [] : [setTimeout(kill, options.killAfter)]),
      ...(killWhen === undefined ? [] : [setInterval(ask, 1)]),
    ];
    const settle = (): void => timers.forEach((timer) => clearTimeout(timer));
    child.on('error', (cause) => {
      settle();
      reject(cause);
    });
    child.on('close', (exitCode, signal) => {
      settle();
      if (performance.now() - startedAtMs > timeoutMs)
        reject(new Error(`prodigy ${args.join(' ')} did not end in time\n${stdout}\n${stderr}`));
      // SIGKILL can come too late, to a process that has ended; the others are caught and answered with a code.
      else resolve({ stdout, stderr, exitCode, signal, killed: killed && (signal !== null || isCatchable) });
    });
  });
}

/** What `--json` printed. Throws, showing the output, when it is not one JSON document. */
export function json(ran: Ran): Record<string, unknown> {
  try {
    return JSON.parse(ran.stdout) as Record<string, unknown>;
  } catch {
    throw new Error(`not one JSON document (exit ${ran.exitCode}):\n${ran.stdout}\n${ran.stderr}`);
  }
}

/** What `--jsonl` printed, one value a line. */
export function jsonLines(ran: Ran): readonly Record<string, unknown>[] {
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The environment the binary gets. Throws unless HOME and PRODIGY_HOME stay inside the temporary directory. */
export function prodigyEnvironment(
  home: string,
  extra: Readonly<Record<string, string | undefined>> = {},
  below?: string,
): Record<string, string> {
  const allowed = (path: string): boolean =>
    isTemporary(path) || (below !== undefined && path.startsWith(below + sep));
  if (!allowed(home)) throw new Error(`HOME must lie below the temporary directory, not ${home}`);
  const wanted: Record<string, string | undefined> = {
    HOME: home,
    PATH: process.env['PATH'],
    TZ: 'UTC',
    NO_COLOR: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    // Lets c8 see what the spawned binary covers.
    NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'],
    ...extra,
  };
  for (const name of ['HOME', 'PRODIGY_HOME', 'PRODIGY_CLEAN_JOURNAL_DIR']) {
    const value = wanted[name];
    // Relative and empty values, and `/` for PRODIGY_HOME, are what the tool must refuse: tests need them.
    const odd = value === undefined || !value.startsWith('/') || (value === '/' && name === 'PRODIGY_HOME');
    if (!odd && !allowed(value)) {
      throw new Error(`${name} must lie below the temporary directory, not ${value}`);
    }
  }
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) environment[name] = value;
  return environment;
}

/** The repository's top directory, found from where this module was compiled to. */
export function repositoryTop(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'bin', 'prodigy.cjs'))) {
    if (dirname(directory) === directory) throw new Error('bin/prodigy.cjs is nowhere above this module');
    directory = dirname(directory);
  }
  return directory;
}

/** The path of the binary under test. */
export function binary(): string {
  return join(repositoryTop(), 'bin', 'prodigy.cjs');
}
