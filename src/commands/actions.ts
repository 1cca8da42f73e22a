import { err, type Result } from 'neverthrow';
import type { Environment } from '../config.ts';
import type { Failure } from '../model/failure.ts';
import type { Output } from './options.ts';
import type { Actions } from './program.ts';
import type { Shell } from './shell.ts';

type Common = { readonly json?: boolean; readonly color?: boolean };

/** Binds the program's commands to the world; `finish` gets the exit code. */
export function actionsFor(
  environment: Environment,
  version: string,
  finish: (code: number) => void,
): Actions {
  async function perform(
    flags: Common,
    work: (shell: Shell) => Promise<Result<number, Failure>>,
    isReading = false,
    endsAs: (code: number) => number = (code) => code,
  ): Promise<void> {
    const [{ readConfig }, { openShell }] = await Promise.all([import('../config.ts'), import('./shell.ts')]);
    const config = readConfig(environment);
    if (config.isErr()) return finish(endsAs(await tell(config.error, flags)));
    const done = await work(openShell(config.value, version, flags.color === false, isReading));
    finish(endsAs(done.isErr() ? await tell(done.error, flags) : done.value));
  }

  /** With Prodigy's exit codes: 0, 1, 2, and those of signals. */
  function performAsProdigy(work: (shell: Shell) => Promise<Result<number, Failure>>): Promise<void> {
    return perform({}, work, false, (code) => (code > 2 && code < 128 ? 1 : code));
  }

  return {
    clean: (words, flags) =>
      perform(flags, async (shell) => {
        if (flags.at !== undefined) {
          const { overviewAt } = await import('./overview-at.ts');
          return overviewAt(flags.at, words, flags, shell);
        }
        const { parseRequest } = await import('./options.ts');
        const request = parseRequest(words, flags);
        if (request.isErr()) return request.map(() => 0);
        if (request.value.kinds.length === 0) {
          const { beginWorktrees } = await import('./begin-worktrees.ts');
          await using begun = await beginWorktrees(request.value, shell);
          const { overview } = await import('./overview.ts');
          return await overview(request.value, shell, begun);
        }
        const { clean } = await import('./clean.ts');
        return clean(request.value, shell);
      }),
    resume: (run, flags) =>
      perform(flags, async (shell) => {
        const { resume } = await import('./resume.ts');
        const output: Output = flags.json === true ? 'json' : flags.jsonl === true ? 'jsonl' : 'text';
        const { parseBrake } = await import('../policy/brake.ts');
        const brake = flags.maxDelete === undefined ? undefined : parseBrake(flags.maxDelete);
        if (brake?.isErr() === true) return err(brake.error);
        const maxDelete = flags.maxDelete?.trim();
        return resume({ run, output, acceptClock: flags.acceptClock === true, maxDelete }, shell);
      }),
    apply: (plan, flags) =>
      perform(flags, async (shell) => {
        const { apply } = await import('./apply.ts');
        return apply(plan, flags, shell);
      }),
    undo: (what, flags) =>
      perform(flags, async (shell) => {
        const { undo } = await import('./undo.ts');
        return undo(what, flags, shell);
      }),
    hold: (id, flags) =>
      perform(flags, async (shell) => {
        const { hold } = await import('./pin.ts');
        return hold(id, flags, shell);
      }),
    release: (id, flags) =>
      perform(flags, async (shell) => {
        const { release } = await import('./pin.ts');
        return release(id, flags, shell);
      }),
    abandon: (id, flags) =>
      perform(flags, async (shell) => {
        const { abandon } = await import('./pin.ts');
        return abandon(id, flags, shell);
      }),
    why: (what, flags) =>
      perform(
        flags,
        async (shell) => {
          const { why } = await import('./why.ts');
          return why(what, flags, shell);
        },
        true,
      ),
    worktreeClean: (name, flags) =>
      performAsProdigy(async (shell) => {
        const { worktreeClean } = await import('./worktree-clean.ts');
        return worktreeClean(name, flags, shell);
      }),
    cleanOrphaned: (job, flags) =>
      performAsProdigy(async (shell) => {
        const { cleanOrphaned } = await import('./clean-orphaned.ts');
        return cleanOrphaned(job, flags, shell);
      }),
    doctor: async (flags) => {
      const { doctorOfRefused } = await import('./doctor-refused.ts');
      const refused = doctorOfRefused(environment, flags);
      if (refused !== undefined) return finish(refused);
      return perform(
        flags,
        async (shell) => {
          const { doctor } = await import('./doctor.ts');
          return doctor(flags, shell);
        },
        true,
      );
    },
    log: (flags) =>
      perform(
        flags,
        async (shell) => {
          const { log } = await import('./log.ts');
          return log(flags, shell);
        },
        true,
      ),
    logShow: (run, flags) =>
      perform(
        flags,
        async (shell) => {
          const { logShow } = await import('./log-show.ts');
          return logShow(run, flags, shell);
        },
        true,
      ),
    verify: (flags) =>
      perform(flags, async (shell) => {
        const { verify } = await import('./log-verify.ts');
        return verify(flags, shell);
      }),
    anchor: (flags) =>
      perform(flags, async (shell) => {
        const { anchor } = await import('./log-anchor.ts');
        return anchor(flags, shell);
      }),
    repair: (flags) =>
      perform(flags, async (shell) => {
        const { repairJournal } = await import('./log-repair.ts');
        return repairJournal(flags, shell);
      }),
    completion: (shell) =>
      perform(
        {},
        async ({ terminal }) => {
          const { completion } = await import('./completion.ts');
          return completion(shell, { terminal });
        },
        true,
      ),
  };
}

/** Says what went wrong and what to do next: on stderr, and with `--json` as a document on stdout, too. */
async function tell(failure: Failure, flags: Common): Promise<number> {
  const [{ explain }, { exitCodeOfFailure }] = await Promise.all([
    import('../ui/explain.ts'),
    import('./outcome.ts'),
  ]);
  const exitCode = exitCodeOfFailure(failure);
  const closed =
    failure.type === 'disk' ? (await import('../disk/closed-by.ts')).closedBy(failure.path) : undefined;
  const { sentence, next } = explain(failure, closed);
  process.stderr.write(`Error: ${sentence}\n  ${next}\n`);
  if (flags.json === true) {
    const outcome = exitCode === 4 ? 'refused' : 'failed';
    // What refused it is told in numbers, too.
    const facts = exitCode === 4 ? failure : { type: failure.type };
    const error = { ...facts, message: sentence, next };
    const document = { schema: 'prodigy-clean/1', outcome, exitCode, error };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  return exitCode;
}
