import { lstat, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { err, ok, type Result } from 'neverthrow';
import { identify, isUnchanged } from '../disk/identity.ts';
import { readMounts } from '../disk/mounts.ts';
import type { Failure } from '../model/failure.ts';
import type { Scope } from '../policy/scope.ts';
import type { Seen } from '../storage/see.ts';
import { Placing } from '../storage/placing.ts';
import { orphanedJobs, readRegistry, registryPath, type Orphan } from '../storage/orphan-registry.ts';
import { printable } from '../ui/format.ts';
import type { RunView } from '../ui/view.ts';
import { whyText } from '../ui/why-words.ts';
import type { Answer } from './answer.ts';
import { goneDirectory } from './here.ts';
import type { Shell } from './shell.ts';
import { engine, engineRequest, lookOnly, prodigyCodes, silentManner } from './worktree-clean.ts';

export type OrphanFlags = { readonly dryRun?: boolean; readonly force?: boolean };

const instead = 'prodigy clean --worktrees --mapreduce --dry-run shows what could go, and needs no registry';

/**
 * `prodigy worktree clean-orphaned [JOB]`: Prodigy's own lines and exit codes. What a registry lists is only asked for:
 * a path that is no worktree of the storage, or one that is protected, stays.
 */
export async function cleanOrphaned(
  job: string | undefined,
  flags: OrphanFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal, config } = shell;
  terminal.err(
    'prodigy worktree clean-orphaned is deprecated: use prodigy clean --worktrees --mapreduce (prodigy clean --help)\n',
  );
  const say = (line: string): Result<number, Failure> => {
    terminal.out(`${line}\n`);
    return ok(prodigyCodes.done);
  };
  if (shell.cwd === goneDirectory) {
    terminal.err(
      `Error: The current directory is gone, and with it the name of its repository\n  ${instead}\n`,
    );
    return ok(prodigyCodes.failed);
  }
  const directory = join(config.home, '.prodigy', 'orphaned_worktrees', basename(shell.cwd));
  const jobs = await orphanedJobs(directory);
  if (jobs === undefined) return say('No orphaned worktrees registry found.');
  if (job === undefined && jobs.length === 0) return say('No orphaned worktrees found.');
  if (job === undefined && jobs.length > 1 && flags.force !== true) {
    terminal.out('Multiple job registries found. Please specify a job_id:\n');
    for (const one of jobs) terminal.out(`  - ${printable(one)}\n`);
    return say('No orphaned worktrees found for the specified job.');
  }
  const path = registryPath(directory, job ?? jobs[0] ?? '');
  const reading = path === undefined ? undefined : await readRegistry(path);
  if (path === undefined || reading === undefined || reading.state === 'absent')
    return say('No orphaned worktrees found for the specified job.');
  if (reading.state === 'broken') {
    terminal.err(
      `Error: ${printable(path)} cannot be understood: ${printable(reading.doubt.detail)}\n  ${instead}\n`,
    );
    return ok(prodigyCodes.failed);
  }
  const orphans = reading.value;
  if (orphans.length === 0) return say('No orphaned worktrees in registry.');
  terminal.out(`Found ${orphans.length} orphaned worktree(s):\n`);
  for (const { path: where, agent_id, item_id, error } of orphans) {
    terminal.out(
      `  - ${printable(where)} (agent: ${printable(agent_id)}, item: ${printable(item_id)}, error: ${printable(error ?? 'unknown')})\n`,
    );
  }
  if (flags.dryRun === true) return dryRun(orphans, job, shell);
  if (flags.force !== true && !(await isWanted(shell))) return say('Cleanup cancelled.');
  return act(orphans, { path, seen: reading.seen }, job, shell);
}

/** Counts what a run would clean, and tells of the rest why it would not. */
async function dryRun(
  orphans: readonly Orphan[],
  job: string | undefined,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const { absent, placeOf, scope } = await askedOf(orphans, shell);
  const argv = job === undefined ? ['--dry-run'] : [job, '--dry-run'];
  const request = { ...engineRequest(argv), allRepositories: true, dryRun: true };
  const view = await lookOnly(request, scope, 'worktree clean-orphaned', shell);
  if (view.isErr()) return err(view.error);
  const going = new Set<string>();
  for (const { path } of orphans) {
    const place = placeOf(path);
    const why = absent.has(path) ? 'already removed' : whyItWouldStay(place, view.value);
    if (why === undefined) going.add(place);
    else terminal.err(`Would not clean ${printable(path)}: ${printable(why)}\n`);
  }
  terminal.out(`Dry run: would clean ${going.size} worktree(s)\n`);
  return ok(prodigyCodes.done);
}

/** A Prodigy at work may have added to the list since: then it has not served its purpose. */
async function isAsRead(path: string, { identity }: Seen): Promise<boolean> {
  const now = identify(path);
  return now.isOk() && now.value !== undefined && isUnchanged(now.value, identity);
}

/** Only `y` is a yes, as Prodigy has it; the end of input is a no. */
async function isWanted({ terminal, signal }: Shell): Promise<boolean> {
  terminal.out('Proceed with cleanup? [y/N]\n');
  const lines = createInterface({ input: process.stdin });
  const ended = new AbortController();
  lines.once('close', () => ended.abort());
  try {
    const answer = await lines.question('', { signal: AbortSignal.any([signal, ended.signal]) });
    return answer.trim().toLowerCase() === 'y';
  } catch {
    return false;
  } finally {
    lines.close();
  }
}

async function act(
  orphans: readonly Orphan[],
  registry: { readonly path: string; readonly seen: Seen },
  job: string | undefined,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const { absent, placeOf, scope } = await askedOf(orphans, shell);
  let cleaned = 0;
  let failed = 0;
  const tell = (given: Answer): Promise<void> => {
    for (const { path } of orphans) {
      const why = absent.has(path) ? undefined : whyItStays(placeOf(path), given);
      if (absent.has(path)) terminal.out(`⚠️  Already removed: ${printable(path)}\n`);
      else if (why === undefined) {
        terminal.out(`✅ Cleaned: ${printable(path)}\n`);
        cleaned += 1;
      } else {
        terminal.err(`❌ Failed to clean ${printable(path)}: ${printable(why)}\n`);
        failed += 1;
      }
    }
    return Promise.resolve();
  };
  const argv = job === undefined ? ['--force'] : [job, '--force'];
  const manner = { ...silentManner('worktree clean-orphaned', shell), show: () => undefined, answer: tell };
  const done = await engine({ ...engineRequest(argv), allRepositories: true }, scope, shell, manner);
  if (done.isErr() || done.value > 100) return done;
  // Prodigy's own list has served its purpose; what stays is listed still.
  if (failed === 0 && (await isAsRead(registry.path, registry.seen)))
    await unlink(registry.path).catch(() => undefined);
  terminal.out(
    failed === 0
      ? `✅ Cleaned ${cleaned} orphaned worktree(s)\n`
      : `⚠️  Cleaned ${cleaned} worktree(s), ${failed} failed\n`,
  );
  return ok(prodigyCodes.done);
}

type Asked = {
  readonly absent: ReadonlySet<string>;
  /** Where in the storage a path of the list leads, however the home was called when it was written. */
  readonly placeOf: (path: string) => string;
  readonly scope: Scope;
};

async function askedOf(orphans: readonly Orphan[], { config }: Shell): Promise<Asked> {
  const mounts = (await readMounts())?.mounts ?? [];
  const placing = new Placing(config.roots, config.namedRoots, mounts);
  const placeOf = (path: string): string => {
    // The worktree itself is never followed: its name is what is asked for.
    const [above, ...others] = placing.of(dirname(path));
    return above === undefined || others.length > 0 ? path : join(above, basename(path));
  };
  const asked = new Set(
    orphans.map(({ path }) => path).filter((path) => isAbsolute(path) && path === resolve(path)),
  );
  const absent = new Set<string>();
  for (const path of asked) if (await isAbsent(path)) absent.add(path);
  const paths = [...asked].filter((path) => !absent.has(path)).map(placeOf);
  return {
    absent,
    placeOf,
    scope: { allRepositories: true, repositories: [], kinds: ['worktrees'], paths },
  };
}

function whyItWouldStay(path: string, view: RunView): string | undefined {
  const item = view.items.find((one) => one.path === path);
  if (item === undefined) return 'it is no worktree in the storage';
  return item.verdict === 'keep' ? whyText(item) : undefined;
}

function whyItStays(path: string, { view, account }: Answer): string | undefined {
  const item = view.items.find((one) => one.path === path);
  if (item === undefined) return 'it is no worktree in the storage';
  const outcome = account.results.get(item.id)?.outcome;
  if (outcome === 'removed') return undefined;
  if (item.verdict === 'keep') return whyText(item);
  return outcome === 'drifted' ? 'it changed meanwhile' : 'it could not be removed: prodigy clean log';
}

async function isAbsent(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (cause: NodeJS.ErrnoException) => cause.code === 'ENOENT',
  );
}
