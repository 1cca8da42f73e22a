import { execa } from 'execa';
import { err, ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';

export type GitOptions = {
  readonly cwd?: string | undefined;
  /** Asked directly, without discovery: the admin directory of a worktree, or a main git directory. */
  readonly gitDir?: string | undefined;
  /** Only with `gitDir`. */
  readonly workTree?: string | undefined;
  readonly input?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Also fails when git answered, but complains of something that it could not read on the way. */
  readonly complete?: boolean | undefined;
};

const maxOutputBytes = 256 * 1024 * 1024;
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
  'protocol.allow=never',
  'submodule.recurse=false',
  'gc.auto=0',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting]);

/** Variables that would point git elsewhere (a hook exports some of them) are taken away, not passed on. */
const environment: Readonly<Record<string, string | undefined>> = {
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_ATTR_SOURCE: undefined,
  GIT_CEILING_DIRECTORIES: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_CONFIG: undefined,
  GIT_CONFIG_COUNT: undefined,
  GIT_CONFIG_PARAMETERS: undefined,
  GIT_DEFAULT_HASH: undefined,
  GIT_DIR: undefined,
  GIT_DISCOVERY_ACROSS_FILESYSTEM: undefined,
  GIT_EXTERNAL_DIFF: undefined,
  GIT_GLOB_PATHSPECS: undefined,
  GIT_ICASE_PATHSPECS: undefined,
  GIT_IMPLICIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_INTERNAL_SUPER_PREFIX: undefined,
  GIT_LITERAL_PATHSPECS: undefined,
  GIT_NAMESPACE: undefined,
  GIT_NOGLOB_PATHSPECS: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_PREFIX: undefined,
  GIT_QUARANTINE_PATH: undefined,
  GIT_REPLACE_REF_BASE: undefined,
  GIT_SHALLOW_FILE: undefined,
  GIT_TRACE: undefined,
  GIT_TRACE2: undefined,
  GIT_TRACE2_EVENT: undefined,
  GIT_TRACE2_PERF: undefined,
  GIT_TRACE_SETUP: undefined,
  GIT_WORK_TREE: undefined,
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
 * Asks git; the answer is its stdout, unchanged. No shell, no hooks, no network, no optional locks; at most four
 * at a time, output bounded.
 */
export async function runGit(
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<string, GitFailure>> {
  await turn();
  try {
    return await run(args, options);
  } finally {
    handOn();
  }
}

async function run(args: readonly string[], options: GitOptions): Promise<Result<string, GitFailure>> {
  const { gitDir, workTree } = options;
  const where = [
    ...(gitDir === undefined ? [] : [`--git-dir=${gitDir}`]),
    ...(workTree === undefined ? [] : [`--work-tree=${workTree}`]),
  ];
  const cwd = options.cwd ?? workTree ?? gitDir;
  const asked = execa('git', [...settings, ...where, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    env: environment,
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
    reject: false,
  });
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    asked.kill('SIGTERM');
    // A filter that git started may outlive it and keep these open.
    asked.stdout?.destroy();
    asked.stderr?.destroy();
  }, timeoutMs);
  const done = await asked;
  clearTimeout(timer);
  if (isLate) {
    return err({ type: 'git', args, exitCode: done.exitCode, stderr: `no answer within ${timeoutMs} ms` });
  }
  const { stderr } = done;
  const complaints = stderr.split('\n').filter((line) => options.complete === true && incomplete.test(line));
  if (!done.failed && complaints.length === 0) return ok(done.stdout);
  const words = done.failed ? stderr.trim() || (done.shortMessage ?? '') : complaints.join('\n');
  return err({ type: 'git', args, exitCode: done.exitCode, stderr: words.slice(0, maxStderr) });
}

const maxRunning = 4;
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
}
