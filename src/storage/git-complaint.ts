import type { GitFailure } from '../model/failure.ts';

/** What git says is made of file contents and settings: of its own words only these are recognised. */
const known: readonly (readonly [RegExp, string])[] = [
  [/dubious ownership|unsafe repository/u, 'git refuses: owned by somebody else (safe.directory)'],
  [/filter that cannot be kept from running/u, 'its settings name a filter that cannot be kept from running'],
  [/index file corrupt/u, 'the index is corrupt'],
  [
    /(?:smudge|external) filter .+ failed/u,
    'a filter of its files failed, or is not installed (git-lfs, say)',
  ],
];

/** What the system answered git, which names paths and nothing that is in a file. */
const systemError =
  /^(?:fatal|error): .*: (?:Permission denied|Operation not permitted|Read-only file system|No space left on device|Disk quota exceeded|File exists|Is a directory|Not a directory|Too many open files|File name too long|Input\/output error)\.?$/u;

/** Settings may be quoted in it, and those are not for a journal; paths are. */
function withoutValues(line: string): string {
  const said = line.replace(/^(?:fatal|error): /u, '').replace(/'(?!\/)[^']*'/gu, "'...'");
  // A name must not be able to forge a line.
  return `git says: ${said.replace(/\p{Cc}/gu, '?').slice(0, 300)}`;
}

/** Why git could not be asked, in words of ours, or the system's through git: fit for evidence, which never holds file contents (P10). */
export function gitComplaint({ args, exitCode, stderr }: GitFailure): string {
  const recognised = known.find(([pattern]) => pattern.test(stderr));
  if (recognised !== undefined) return recognised[1];
  const system = stderr.split('\n').find((line) => systemError.test(line));
  // One that answered all the same complains of many things: which of them matters, it does not say.
  if (system !== undefined && exitCode !== 0) return withoutValues(system);
  const question = `git ${args[0] ?? ''}`.trim();
  if (exitCode === undefined) return `${question} gave no answer`;
  return exitCode === 0 ? `${question} could not read everything` : `${question} failed (exit ${exitCode})`;
}
