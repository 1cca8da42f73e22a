import { ok, type Result } from 'neverthrow';
import { oddRecords } from '../cleaners/odd-records.ts';
import { oddTrash } from '../cleaners/odd-quarantine.ts';
import { unusablePlaces } from '../cleaners/undo-obstacles.ts';
import type { Failure } from '../model/failure.ts';
import type { Oddity } from '../model/oddity.ts';
import { isLockScratch, lockScratch, oddResumeLocks, oddRunLocks } from '../storage/odd-locks.ts';
import { isTrash, linkedRoot, oddPlaces } from '../storage/odd-places.ts';
import { mainGitDirs, oddRegistrations } from '../storage/odd-registrations.ts';
import { repositoryAt } from '../storage/repository.ts';
import { isHeld } from '../storage/run-lock.ts';
import { readStorage, type Storage } from '../storage/storage.ts';
import { doctorDocument, doctorText, type DoctorView } from '../ui/doctor-text.ts';
import { findingOf } from '../ui/oddity-words.ts';
import { compareWithDisk, lookAtJournal, type JournalSeen } from './doctor-journal.ts';
import { placesOf, runLocksSeen } from './journal-access.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

export type DoctorFlags = {
  readonly detailedExitcode?: boolean;
  readonly full?: boolean;
  readonly json?: boolean;
  readonly color?: boolean;
};

/** `prodigy clean doctor`: what is odd in the storage, and what to do about it. Takes no lock, and writes nothing there. */
export async function doctor(flags: DoctorFlags, shell: Shell): Promise<Result<number, Failure>> {
  const { config, terminal, clock } = shell;
  const before = await runLocksSeen(shell);
  const storage = await readStorage({
    roots: config.roots,
    nowMs: clock(),
    host: config.host,
    ownPid: process.pid,
    readProcesses: shell.readProcesses,
    places: await placesOf(shell),
  });
  const journal = await lookAtJournal(shell);
  const unsettled = await unsettledOddities(storage, journal, shell);
  // A run may have moved what was looked for, also one that began or ended meanwhile.
  const locks = await runLocksSeen(shell);
  const isBusy = [...before, ...locks].some(isHeld);
  const linked = linkedRoot(config.home);
  const settled: readonly Oddity[] = [
    ...(linked === undefined ? [] : [linked]),
    ...oddPlaces(storage.survey, config.journalDirectory, (path) => isTrash(path) || isLockScratch(path)),
    ...journal.odd,
    ...oddRunLocks(locks),
    ...oddResumeLocks(storage),
    ...oddRecords(storage),
    ...unusablePlaces(config.roots, journal.journalId).map(
      (unusable) => ({ type: 'quarantine-unusable', path: unusable.obstacle.path, ...unusable }) as const,
    ),
  ];
  const oddities = isBusy ? settled.filter(({ type }) => !passing.has(type)) : [...settled, ...unsettled];
  const view: DoctorView = {
    roots: config.roots,
    firstRoot: config.firstRoot,
    findings: oddities.map(findingOf),
    journalEntries: journal.journalId === undefined ? undefined : journal.entries,
    isBusy,
  };
  const exitCode = exitCodeOf(view, journal.isDamaged, flags.detailedExitcode === true);
  await terminal.pour(
    flags.json === true
      ? `${JSON.stringify(doctorDocument(view, exitCode), null, 2)}\n`
      : doctorText(view, flags.full === true, terminal.outColours),
  );
  return ok(exitCode);
}

/** What a run brings about for a moment, and mends by itself. */
const passing: ReadonlySet<Oddity['type']> = new Set<Oddity['type']>([
  'identity-missing',
  'anchor-missing',
  'reserve-missing',
  'scratch',
  'metadata-without-worktree',
]);

/** What a run that is under way is in the middle of. */
async function unsettledOddities(
  storage: Storage,
  journal: JournalSeen,
  shell: Shell,
): Promise<readonly Oddity[]> {
  const { survey } = storage;
  const { open, gone } = journal;
  const gitDirs = mainGitDirs(storage, await knownElsewhere(journal, shell));
  const moved = new Set(
    [...open, ...gone.filter(({ undo }) => undo !== undefined)].flatMap(({ intent }) =>
      intent.moves.map(({ path }) => path),
    ),
  );
  const trash = survey.oddities.flatMap(({ path = '' }) =>
    journal.isDamaged ? [] : oddTrash(path, journal),
  );
  return [
    ...(await compareWithDisk(journal, gitDirs, shell)),
    ...trash,
    ...(await oddRegistrations(storage, gitDirs, (path) => moved.has(path))),
    ...(await lockScratch(survey.roots)),
  ];
}

/** Repositories of worktrees that the journal tells of, and the one that somebody stands in. */
async function knownElsewhere(
  { open, gone, kept }: JournalSeen,
  { cwd }: Pick<Shell, 'cwd'>,
): Promise<readonly string[]> {
  const here = await repositoryAt(cwd);
  const told = [
    here?.gitDir,
    ...[...open, ...gone, ...kept].map(({ intent }) => intent.worktree?.mainGitDir),
  ];
  return told.filter((gitDir) => gitDir !== undefined);
}

/** A journal that cannot be trusted is a look that failed, whatever was asked for. */
function exitCodeOf({ findings }: DoctorView, isDamaged: boolean, isDetailed: boolean): number {
  if (isDamaged) return exitCodes.failed.code;
  const isOdd = findings.some(({ severity }) => severity !== 'info');
  return isDetailed && isOdd ? exitCodes.found.code : exitCodes.done.code;
}
