import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { RootFailure, UsageFailure } from './model/failure.ts';
import { parseSize } from './policy/size.ts';
import { surroundingsOf, type Surrounding } from './surroundings.ts';

/** Environment and defaults as one value. Nobody else reads `process.env`. */
export type Config = {
  /** Absolute real paths of the storage roots that exist; the first is where sessions and state live. */
  readonly roots: readonly string[];
  /** All that are named, as the environment calls them, whether they exist or not. */
  readonly namedRoots: readonly string[];
  /** The first root, whether it exists or not. */
  readonly firstRoot: string;
  readonly journalDirectory: string;
  /** Where, the best first, what finds no room on a full disk may lie for a while. */
  readonly refugeBases: readonly string[];
  readonly home: string;
  readonly host: string;
  readonly user: string;
  readonly uid: number;
  /** Who asks, beyond user and host: names and ids only (P10). */
  readonly invoker: Invoker;
  /** `PATH`, for handing over to the next `prodigy`. */
  readonly searchPath: string;
  /** Real paths of the `prodigy` commands of ours that already handed this call over. */
  readonly handedOverBy: readonly string[];
  readonly colour: 'always' | 'never' | 'auto';
  readonly dumbTerminal: boolean;
  readonly zone: string | undefined;
  /** What the user tells Node of every program. */
  readonly nodeOptions: string;
  /** How long small items stay in quarantine, and how many bytes of them at most. */
  readonly undoMs: number;
  readonly undoBytes: number;
};

export type Invoker = {
  readonly effectiveUid?: number;
  readonly sudoUser?: string;
  readonly sudoUid?: number;
  readonly ci?: Surrounding;
  readonly agent?: Surrounding;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** What handing over needs: it must work even where our own commands would refuse. */
export function readSearchPath(environment: Environment): Pick<Config, 'searchPath' | 'handedOverBy'> {
  return {
    searchPath: environment['PATH'] ?? '',
    handedOverBy: (environment[handOverVariable] ?? '').split('\n').filter((path) => path !== ''),
  };
}

export const handOverVariable = 'PRODIGY_CLEAN_HANDED_OVER_BY';

const dayMs = 24 * 60 * 60 * 1000;
const undoDays = 7;
const undoDaysAtMost = 365;
const undoBytes = 512 * 1024 * 1024;

/** Names directly below a root that Prodigy (or this tool) makes: one of them, or nothing at all, must be there. */
const prodigysOwn: ReadonlySet<string> = new Set([
  'worktrees',
  'sessions',
  'state',
  'events',
  'dlq',
  'logs',
  'resume_locks',
  'orphaned_worktrees',
  'events_archive',
  'checkpoints',
  'locks',
  'templates',
  'config.yml',
  'config.toml',
  '.health_check',
  'clean',
]);

/** Checks the environment before anything is touched: every refusal names the variable and why (exit 2). */
export function readConfig(environment: Environment): Result<Config, RootFailure | UsageFailure> {
  const home = environment['HOME'];
  const homeProblem = problemOf('HOME', home);
  if (homeProblem !== undefined || home === undefined)
    return err(homeProblem ?? refused('HOME', home, 'unset'));

  const given = environment['PRODIGY_HOME'];
  const candidates: { variable: 'HOME' | 'PRODIGY_HOME'; path: string }[] = [];
  if (given !== undefined) {
    const problem = problemOf('PRODIGY_HOME', given);
    if (problem !== undefined) return err(problem);
    candidates.push({ variable: 'PRODIGY_HOME', path: resolve(given) });
  }
  candidates.push({ variable: 'HOME', path: join(resolve(home), '.prodigy') });

  const roots: string[] = [];
  for (const { variable, path } of candidates) {
    const root = checkedRoot(variable, path, home, roots);
    if (root.isErr()) return err(root.error);
    if (root.value !== undefined && !roots.includes(root.value)) roots.push(root.value);
  }

  const firstRoot =
    roots.find((root) => root === realOf(candidates[0]?.path ?? '')) ?? candidates[0]?.path ?? '';
  const journal = environment['PRODIGY_CLEAN_JOURNAL_DIR'];
  if (journal !== undefined) {
    const problem = problemOf('PRODIGY_CLEAN_JOURNAL_DIR', journal);
    if (problem !== undefined) return err(problem);
  }
  const ours = roots.flatMap((root) => [
    join(root, 'clean'),
    ...(journal === undefined && root === firstRoot ? [join(root, 'clean', 'journal')] : []),
  ]);
  const link = ours.find(isLink);
  if (link !== undefined) return err(refused('HOME', link, 'own-symlink'));
  const undo = undoOf(environment);
  if (undo.isErr()) return err(undo.error);
  const user = ownUser();
  return ok({
    roots,
    namedRoots: candidates.map(({ path }) => path),
    firstRoot,
    journalDirectory: journal ?? join(firstRoot, 'clean', 'journal'),
    refugeBases: refugeBases(environment, user.uid),
    home,
    host: hostname(),
    ...user,
    invoker: invokerOf(environment),
    ...readSearchPath(environment),
    colour: colourOf(environment),
    dumbTerminal: environment['TERM'] === 'dumb',
    zone: environment['TZ'],
    nodeOptions: environment['NODE_OPTIONS'] ?? '',
    ...undo.value,
  });
}

/** For how long, and how much of it, is held for undo: as it is said, or not at all. */
function undoOf(environment: Environment): Result<Pick<Config, 'undoMs' | 'undoBytes'>, UsageFailure> {
  const days = environment['PRODIGY_CLEAN_UNDO_DAYS'];
  const count = /^[0-9]{1,3}$/.test(days?.trim() ?? '') ? Number(days) : 0;
  if (days !== undefined && (count < 1 || count > undoDaysAtMost)) {
    const problem = `PRODIGY_CLEAN_UNDO_DAYS is not a whole number of days from 1 to ${undoDaysAtMost}`;
    const accepted = ['1', '7', '30', '--no-undo to hold nothing'];
    return err({ type: 'usage', problem, text: days, accepted });
  }
  const size = environment['PRODIGY_CLEAN_UNDO_SIZE'];
  const bytes = size === undefined ? ok(undoBytes) : parseSize(size);
  if (bytes.isErr()) {
    const problem = `PRODIGY_CLEAN_UNDO_SIZE: ${bytes.error.problem}`;
    const accepted = [...(bytes.error.accepted ?? []), '--no-undo to hold nothing'];
    return err({ type: 'usage', problem, text: size, accepted });
  }
  return ok({ undoMs: (days === undefined ? undoDays : count) * dayMs, undoBytes: bytes.value });
}

/** The same for every process of a user as far as can be: one without these variables must find what others left. */
function refugeBases(environment: Environment, uid: number): readonly string[] {
  const given = [environment['XDG_RUNTIME_DIR'] ?? '', environment['TMPDIR'] ?? ''];
  const known = process.platform === 'linux' ? [`/run/user/${uid}`, '/tmp', '/var/tmp', '/dev/shm'] : [];
  return [...new Set([...given.filter((path) => isAbsolute(path)), ...known, tmpdir()])];
}

/** A process of a container often has a user that no table knows. */
function ownUser(): Pick<Config, 'user' | 'uid'> {
  try {
    const { username, uid } = userInfo();
    return { user: username, uid };
  } catch {
    const uid = process.geteuid?.() ?? -1;
    return { user: String(uid), uid };
  }
}

function invokerOf(environment: Environment): Invoker {
  const effectiveUid = process.geteuid?.();
  const sudoUser = environment['SUDO_USER'];
  const sudoUid = environment['SUDO_UID'];
  return {
    ...(effectiveUid === undefined ? {} : { effectiveUid }),
    ...(sudoUser === undefined || !/^[A-Za-z_][\w.@-]{0,31}$/.test(sudoUser) ? {} : { sudoUser }),
    ...(sudoUid === undefined || !/^\d{1,10}$/.test(sudoUid) ? {} : { sudoUid: Number(sudoUid) }),
    ...surroundingsOf(environment),
  };
}

function refused(
  variable: RootFailure['variable'],
  value: string | undefined,
  why: RootFailure['why'],
): RootFailure {
  return { type: 'root-refused', variable, value, why };
}

function problemOf(variable: RootFailure['variable'], value: string | undefined): RootFailure | undefined {
  if (value === undefined) return refused(variable, value, 'unset');
  if (value.trim() === '') return refused(variable, value, 'empty');
  if (!isAbsolute(value)) return refused(variable, value, 'relative');
  if (resolve(value) === '/') return refused(variable, value, 'filesystem-root');
  return undefined;
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * A root that exists and may be worked on, `undefined` when there is none. A symbolic link is no root by itself:
 * its target must have been named in full by `PRODIGY_HOME` before (`accepted`).
 */
function checkedRoot(
  variable: 'HOME' | 'PRODIGY_HOME',
  path: string,
  home: string,
  accepted: readonly string[],
): Result<string | undefined, RootFailure> {
  let real: string;
  try {
    const stats = lstatSync(path);
    real = realpathSync(path);
    if (stats.isSymbolicLink() && !accepted.includes(real)) return err(refused(variable, path, 'symlink'));
    if (!stats.isSymbolicLink() && !stats.isDirectory())
      return err(refused(variable, path, 'not-a-directory'));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return code === 'ENOENT' ? ok(undefined) : err(refused(variable, path, 'unreadable'));
  }
  if (real === '/') return err(refused(variable, path, 'filesystem-root'));
  if (real === realOf(home)) return err(refused(variable, path, 'home-itself'));
  try {
    const names = readdirSync(real);
    if (names.length > 0 && !names.some((name) => prodigysOwn.has(name))) {
      return err(refused(variable, path, 'not-prodigy'));
    }
  } catch {
    return err(refused(variable, path, 'unreadable'));
  }
  return ok(real);
}

/** What cannot be looked at is no link that leads anywhere: whoever needs it says why. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    return false;
  }
}

function colourOf(environment: Environment): Config['colour'] {
  if ((environment['NO_COLOR'] ?? '') !== '') return 'never';
  const force = environment['FORCE_COLOR'];
  if (force !== undefined && force !== '' && force !== '0') return 'always';
  return environment['TERM'] === 'dumb' ? 'never' : 'auto';
}
