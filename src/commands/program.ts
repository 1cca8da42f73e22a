import { CommanderError } from 'commander';
import type { AnchorFlags } from './log-anchor.ts';
import type { RepairFlags } from './log-repair.ts';
import type { VerifyFlags } from './log-verify.ts';
import type { ApplyFlags } from './apply.ts';
import type { DoctorFlags } from './doctor.ts';
import type { CleanFlags } from './options.ts';
import type { LogFlags } from './log-request.ts';
import type { LogShowFlags } from './log-show.ts';
import type { PinFlags } from './pin.ts';
import type { WorktreeFlags } from './worktree-request.ts';
import type { OrphanFlags } from './clean-orphaned.ts';
import type { UndoFlags } from './undo.ts';
import type { WhyFlags } from './why.ts';
import { addClean } from './tree/clean.ts';
import { addCompletion } from './tree/completion.ts';
import { addDoctor } from './tree/doctor.ts';
import { addItems } from './tree/items.ts';
import { addLog } from './tree/log.ts';
import { addRuns } from './tree/runs.ts';
import { TaughtCommand } from './tree/taught.ts';
import { addWorktree } from './tree/worktree.ts';

export type ResumeFlags = {
  readonly acceptClock?: boolean;
  readonly maxDelete?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly color?: boolean;
};

/** What the program calls; each loads its own imports, so that `--help` loads nothing but commander. */
export type Actions = {
  readonly clean: (words: readonly string[], flags: CleanFlags) => Promise<void>;
  readonly apply: (plan: string, flags: ApplyFlags) => Promise<void>;
  readonly resume: (run: string | undefined, flags: ResumeFlags) => Promise<void>;
  readonly undo: (what: string | undefined, flags: UndoFlags) => Promise<void>;
  readonly hold: (id: string | undefined, flags: PinFlags) => Promise<void>;
  readonly release: (id: string, flags: PinFlags) => Promise<void>;
  readonly abandon: (id: string, flags: PinFlags) => Promise<void>;
  readonly worktreeClean: (name: string | undefined, flags: WorktreeFlags) => Promise<void>;
  readonly cleanOrphaned: (job: string | undefined, flags: OrphanFlags) => Promise<void>;
  readonly why: (what: string, flags: WhyFlags) => Promise<void>;
  readonly doctor: (flags: DoctorFlags) => Promise<void>;
  readonly log: (flags: LogFlags) => Promise<void>;
  readonly logShow: (run: string, flags: LogShowFlags) => Promise<void>;
  readonly verify: (flags: VerifyFlags) => Promise<void>;
  readonly anchor: (flags: AnchorFlags) => Promise<void>;
  readonly repair: (flags: RepairFlags) => Promise<void>;
  readonly completion: (shell: string) => Promise<void>;
};

/**
 * The tree of commands, a file of `tree/` for each branch: parsing, help and the tests of the documentation come from
 * this one place.
 */
export function program(version: string, actions: Actions): TaughtCommand {
  const top = new TaughtCommand('prodigy')
    .description(
      'The storage cleaner for Prodigy. Every other command is handed to the next prodigy on PATH.',
    )
    .examples(
      ['prodigy clean', 'what is there, what could go, and why the rest stays'],
      ['prodigy clean --help', 'everything that can be asked of it'],
    )
    .withHelp()
    .version(version, '-V, --version', 'show the version')
    .exits('done', 'failed', 'usage', 'defect', 'nobody')
    .enablePositionalOptions()
    .hook('preAction', (_, called) => {
      if (called instanceof TaughtCommand) called.heedEarlierOptions();
    })
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => {
        const said = text.replace(/^error: /, 'Error: ').trimEnd();
        write(said.includes('\n') ? `${said}\n` : `${said}\n  prodigy clean --help lists what there is\n`);
      },
    });
  const clean = addClean(top, version, actions);
  addRuns(clean, actions);
  addItems(clean, actions);
  addDoctor(clean, actions);
  addLog(clean, actions);
  addCompletion(clean, actions);
  addWorktree(top, actions);
  return top;
}

export { CommanderError };
