import { formatWhole, printable } from './format.ts';
import type { ItemView } from './view.ts';

/** What the lines depend on. */
export type Form = {
  readonly form: 'mapreduce' | 'older-than' | 'all' | 'name' | 'nothing';
  readonly name: string | undefined;
  readonly jobId: string | undefined;
  readonly olderThan: string | undefined;
  readonly isForced: boolean;
};

export const noTarget = 'No worktrees specified for cleanup. Use --all or specify a worktree name.\n';

export function entryName({ path }: Pick<ItemView, 'path'>): string {
  return printable(path.slice(path.lastIndexOf('/') + 1));
}

/** What Prodigy's own command says before it acts, line for line (PRODIGY-STORAGE 7.1). */
export function linesBefore(form: Form, going: readonly ItemView[]): string[] {
  switch (form.form) {
    case 'mapreduce':
      return [`Cleaning ${mapreduceWhat(form)}...`];
    case 'older-than':
      return going.length === 0
        ? ['No worktrees older than the specified age.']
        : going.map((item) => `Removing old worktree '${entryName(item)}' (age: ${hours(item)} hours)`);
    case 'all':
      return [
        form.isForced ? 'Cleaning all worktrees (forced)' : 'Cleaning all worktrees',
        ...going.map((item) => `Cleaning up worktree: ${entryName(item)}`),
      ];
    case 'name':
      return going.map((item) => `Removing worktree: ${entryName(item)}`);
    case 'nothing':
      return [noTarget.trimEnd()];
  }
}

/** What it says afterwards of those that have gone; success is claimed only when nothing stayed. */
export function linesAfter(form: Form, gone: readonly ItemView[], isWhole: boolean): string[] {
  switch (form.form) {
    case 'mapreduce': {
      const count = formatWhole(gone.length);
      return form.jobId === undefined
        ? [`Cleaned ${count} orphaned MapReduce worktrees`]
        : [`Cleaned ${count} worktrees for job ${printable(form.jobId)}`];
    }
    case 'older-than':
      return gone.length === 0 ? [] : [`Cleaned ${formatWhole(gone.length)} old worktrees`];
    case 'all':
      return [isWhole ? 'All worktrees cleaned successfully' : `Cleaned ${gone.length} worktrees`];
    case 'name':
      return gone.map((item) => `Worktree '${entryName(item)}' removed successfully`);
    case 'nothing':
      return [];
  }
}

export function linesOfDryRun(form: Form, going: readonly ItemView[]): string[] {
  switch (form.form) {
    case 'mapreduce':
      return [`DRY RUN: Would clean ${form.jobId === undefined ? '' : 'all '}${mapreduceWhat(form)}`];
    case 'older-than':
      return going.length === 0
        ? ['No worktrees older than the specified age.']
        : going.map(
            (item) => `DRY RUN: Would remove worktree '${entryName(item)}' (age: ${hours(item)} hours)`,
          );
    case 'all':
      return [
        'DRY RUN: Would clean all worktrees',
        ...going.map((item) => `  - Would remove: ${entryName(item)}`),
      ];
    case 'name':
      return going.map((item) => `DRY RUN: Would remove worktree: ${entryName(item)}`);
    case 'nothing':
      return [noTarget.trimEnd()];
  }
}

function mapreduceWhat({ jobId, olderThan }: Form): string {
  if (jobId !== undefined) return `worktrees for job ${printable(jobId)}`;
  if (olderThan !== undefined) return `MapReduce worktrees older than ${printable(olderThan)}`;
  return 'all orphaned MapReduce worktrees';
}

function hours({ ageMs }: ItemView): number {
  return Math.floor((ageMs ?? 0) / 3_600_000);
}
