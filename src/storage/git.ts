import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { err, ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';

export type GitOptions = {
  readonly cwd?: string | undefined;
  /** Asked directly, without discovery: the admin directory of a worktree, or a main git directory. */
  readonly gitDir?: string | undefined;
  /** Only with `gitDir`. */
  readonly workTree?: string | undefined;
  readonly input?: string | undefined;
  /** Instead of the git directory's own index. */
  readonly indexFile?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Settings beyond those that every question is asked with, as `name=value`. */
  readonly settings?: readonly string[] | undefined;
  /** `latin1` keeps every byte apart; UTF-8 unless told. */
  readonly encoding?: 'utf8' | 'latin1' | undefined;
  readonly maxOutputBytes?: number | undefined;
  /** Also fails when git answered, but complains of something that it could not read on the way. */
  readonly complete?: boolean | undefined;
  /** An open file that takes the answer instead of us. */
  readonly stdout?: number | undefined;
};

const defaultMaxOutputBytes = 256 * 1024 * 1024;
const maxStderr = 2_000;
const defaultTimeoutMs = 5 * 60_000;

/**
 * Settings that could run foreign programs, reach the network, write, or hide changes: a repository's own
 * configuration is foreign data.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.checkStat=default',
  'core.trustctime=true',
  'core.ignoreStat=false',
  // Where two letter cases are two files it hides one of them; where they are one, git shows a file that is there.
  'core.ignoreCase=false',
  'protocol.allow=never',
  'submodule.recurse=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'core.pager=cat',
  'core.editor=false',
  'core.askPass=false',
  'core.sshCommand=false',
  'core.alternateRefsCommand=false',
  'credential.helper=',
].flatMap((setting) => ['-c', setting]);
const withoutPager = ['--no-pager', '--literal-pathspecs'];

/**
 * Of git's own variables only those that say where it and its configuration lie are passed on: any other could point it
 * elsewhere (a hook exports some of them), or change what it shows.
 */
const passedOn: ReadonlySet<string> = new Set([
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_SYSTEM',
  'GIT_EXEC_PATH',
]);

const environment: Readonly<Record<string, string>> = {
  // Reachability as git's own garbage collection sees it: replaced and grafted parents do not count.
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: '/dev/null/none',
  GIT_NO_LAZY_FETCH: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  LANGUAGE: 'C',
  LC_ALL: 'C',
};

const incomplete = /could not open|unable to|permission denied|cannot |failed to|input\/output error/iu;

/**
 * Asks git; the answer is its stdout, unchanged. No shell, no hooks, no network, no optional locks; a few at
 * a time, output bounded.
 */
export async function runGit(
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<string, GitFailure>> {
  const answer = await runGitBytes(args, options);
  return answer.map((bytes) => bytes.toString(options.encoding));
}

/** {@link runGit} for answers that are no text, or longer than a string can be. */
export async function runGitBytes(
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<Buffer, GitFailure>> {
  await turn();
  try {
    return await run(args, options);
  } finally {
    handOn();
  }
}

async function run(args: readonly string[], options: GitOptions): Promise<Result<Buffer, GitFailure>> {
  const { gitDir, workTree } = options;
  const where = [
    ...(gitDir === undefined ? [] : [`--git-dir=${gitDir}`]),
    ...(workTree === undefined ? [] : [`--work-tree=${workTree}`]),
  ];
  const more = (options.settings ?? []).flatMap((setting) => ['-c', setting]);
  // Some arguments are refused by a throw: too long for the system, or with a NUL in them.
  const all = [...withoutPager, ...settings, ...more, ...where, ...args];
  const done = await ask(all, options).catch((cause: unknown) => unasked(cause));
  const { exitCode, problem } = done;
  const stderr = done.stderr.toString('utf8');
  const complaints = stderr.split('\n').filter((line) => options.complete === true && incomplete.test(line));
  if (problem === undefined && complaints.length === 0) return ok(done.stdout);
  const said = problem === undefined ? complaints.join('\n') : stderr.trim() || problem;
  return err({ type: 'git', args, exitCode, stderr: said.slice(0, maxStderr) });
}

type Done = {
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** `undefined` when git ended by itself, and well. */
  readonly problem: string | undefined;
};

function unasked(cause: unknown): Done {
  const nothing = Buffer.alloc(0);
  return { exitCode: undefined, stdout: nothing, stderr: nothing, problem: String(cause) };
}

/** By Node's own means: there are thousands of these questions, and each library around them costs as much as git. */
function ask(args: readonly string[], options: GitOptions): Promise<Done> {
  // Never where we are: that may be gone.
  const cwd = options.cwd ?? options.workTree ?? options.gitDir ?? '/';
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const maxBytes = options.maxOutputBytes ?? defaultMaxOutputBytes;
  return new Promise((resolve) => {
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let bytes = 0;
    let problem: string | undefined;
    const child = spawn('git', args, {
      cwd,
      env: { ...outerEnvironment(), ...environment, ...indexOf(options) },
      stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
      windowsHide: true,
    });
    child.on('error', (cause) => {
      problem ??= cause.message;
    });
    const give = (up: string): void => {
      problem ??= up;
      // What it said so far is of no use.
      output.stderr = [];
      child.kill('SIGTERM');
      // A filter that git started may outlive it and keep these open.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = setTimeout(() => give(`no answer within ${timeoutMs} ms`), timeoutMs);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) give(`more than ${maxBytes} bytes`);
        else output[name].push(chunk);
      });
    }
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) problem ??= signal === null ? `exit ${code}` : `ended by ${signal}`;
      const exitCode = code === null || code < 0 ? undefined : code;
      const [stdout, stderr] = [Buffer.concat(output.stdout), Buffer.concat(output.stderr)];
      resolve({ exitCode, stdout, stderr, problem });
    });
    // It may end before it has read everything; what it answers then tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input === undefined ? undefined : Buffer.from(options.input, options.encoding));
  });
}

function outerEnvironment(): NodeJS.ProcessEnv {
  const isOthers = (name: string): boolean => !name.startsWith('GIT_') || passedOn.has(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isOthers(name)));
}

function indexOf({ indexFile }: GitOptions): Readonly<Record<string, string>> {
  return indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile };
}

const maxRunning = Math.max(4, availableParallelism());
let running = 0;
const waiting: (() => void)[] = [];

async function turn(): Promise<void> {
  if (running < maxRunning) {
    running += 1;
    return;
  }
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
  });
}

/** The place goes straight to the next in line, so that nobody can slip in between. */
function handOn(): void {
  const next = waiting.shift();
  if (next === undefined) running -= 1;
  else next();
  if (waiting.length === 0) for (const go of lulls.splice(0)) go();
}

const lulls: (() => void)[] = [];

/** Waits until nobody waits for a turn: who asks for many then asks for as many as there will be. */
export async function lull(): Promise<void> {
  if (waiting.length === 0) return;
  await new Promise<void>((resolve) => {
    lulls.push(resolve);
  });
}
