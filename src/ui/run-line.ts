import type { RunActor, Tally } from '../journal/event-run.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import { formatBytes, formatCount, formatTime, printable } from './format.ts';

/** One run as one line: which, when, who, what was asked, how it ended. */
export function runLine(run: RunSummary): string {
  return `Run ${run.run}  ${formatTime(run.startedAtMs)}  ${actorText(run.actor)}  ${deedText(run)}`;
}

/** What it did, for who knows whose it was: `prodigy clean --all: completed, 38 items removed (3.3 GB)`. */
export function deedText(run: RunSummary): string {
  return `${commandText(run)}: ${outcomeText(run)}${removedText(run)}`;
}

/** What was typed, as far as it counts; quoted so that it can be typed again. */
export function commandText({
  command,
  argv,
  dryRun,
}: Pick<RunSummary, 'command' | 'argv' | 'dryRun'>): string {
  const words = command === 'clean' || command === 'overview' ? argv : [command, ...argv];
  const note =
    command === 'overview' ? ' (overview)' : dryRun && !argv.includes('--dry-run') ? ' (dry run)' : '';
  return `${['prodigy clean', ...words.map(quoted)].join(' ')}${note}`;
}

/** A word as a shell takes it back; nothing in it can forge a line. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", `'\\''`)}'`;
}

/** A command of ours that is to work with the journal of another storage root, however the shell is set. */
export function inRoot(root: string, command: string): string {
  return `env -u PRODIGY_CLEAN_JOURNAL_DIR PRODIGY_HOME=${quoted(root)} ${command}`;
}

/** `ada@laptop`, with whatever else is known of who asked: sudo, CI job, agent. */
export function actorText(actor: RunActor): string {
  const more = contextsOf(actor);
  return `${printable(actor.user)}@${printable(actor.host)}${more.length === 0 ? '' : ` (${more.join('; ')})`}`;
}

/** Everything that is known of who asked. */
export function actorLine(actor: RunActor): string {
  const { user, uid, host, pid, parent, parentPid, terminal, tool } = actor;
  const from =
    parentPid === undefined ? [] : [`started by ${printable(parent ?? 'a process')} (pid ${parentPid})`];
  return [
    `${printable(user)} (uid ${uid}) on ${printable(host)}, pid ${pid}`,
    ...contextsOf(actor),
    ...from,
    terminal ? 'at a terminal' : 'without a terminal',
    ...(tool === undefined ? [] : [`prodigy-clean ${printable(tool)}`]),
  ].join('; ');
}

function contextsOf({ uid, effectiveUid, sudoUser, sudoUid, ci, agent }: RunActor): string[] {
  const more: string[] = [];
  if (effectiveUid !== undefined && effectiveUid !== uid) more.push(`with the rights of uid ${effectiveUid}`);
  if (sudoUser !== undefined)
    more.push(`sudo by ${printable(sudoUser)}${sudoUid === undefined ? '' : `, uid ${sudoUid}`}`);
  for (const context of [ci, agent]) {
    if (context === undefined) continue;
    more.push(printable(context.id === undefined ? context.name : `${context.name} ${context.id}`));
  }
  return more;
}

export function outcomeText({ ended, interruptedBy, refusedBy }: RunSummary): string {
  if (ended === undefined) {
    return interruptedBy === undefined
      ? 'no end on record (under way, or killed)'
      : `interrupted (${interruptedBy})`;
  }
  const rule = refusedBy === undefined ? '' : `, ${printable(refusedBy)}`;
  return `${ended.outcome}${ended.exitCode === 0 ? '' : ` (exit ${ended.exitCode}${rule})`}`;
}

function removedText({ dryRun, ended, intended, failed, restored }: RunSummary): string {
  if (dryRun) return '';
  const removed = sumOf(Object.values(ended?.totals ?? {}).map((totals) => totals.removed));
  return [
    ...(removed.items > 0
      ? [`${formatCount(removed.items, 'item')} removed (${formatBytes(removed.bytes)})`]
      : []),
    ...(ended === undefined && intended > 0 ? [`${formatCount(intended, 'removal')} begun`] : []),
    ...(restored > 0 ? [`${restored} put back`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
    .map((text) => `, ${text}`)
    .join('');
}

export function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce((sum, { items, bytes }) => ({ items: sum.items + items, bytes: sum.bytes + bytes }), {
    items: 0,
    bytes: 0,
  });
}
