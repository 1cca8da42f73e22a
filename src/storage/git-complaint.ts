import type { GitFailure } from '../model/failure.ts';

/** What git says is made of file contents and settings: of its words only these are recognised, none is repeated. */
const known: readonly (readonly [RegExp, string])[] = [
  [/dubious ownership|unsafe repository/u, 'git refuses: owned by somebody else (safe.directory)'],
  [/filter that cannot be kept from running/u, 'its settings name a filter that cannot be kept from running'],
  [/index file corrupt/u, 'the index is corrupt'],
  [
    /(?:smudge|external) filter .+ failed/u,
    'a filter of its files failed, or is not installed (git-lfs, say)',
  ],
];

/** Why git could not be asked, in words of ours: fit for evidence, which never holds file contents (P10). */
export function gitComplaint({ args, exitCode, stderr }: GitFailure): string {
  const recognised = known.find(([pattern]) => pattern.test(stderr));
  if (recognised !== undefined) return recognised[1];
  const question = `git ${args[0] ?? ''}`.trim();
  if (exitCode === undefined) return `${question} gave no answer`;
  return exitCode === 0 ? `${question} could not read everything` : `${question} failed (exit ${exitCode})`;
}
