import type { Entry } from '../journal/entry.ts';
import type { Event } from '../journal/event.ts';
import type { BranchKeptReason } from '../model/branch.ts';
import type { Evidence } from '../model/reason.ts';
import { countOf, formatBytes, formatCount, formatTime, printable, singular } from './format.ts';

/** One entry as one line that a person can read; names are made safe to print. */
export function entryLine({ event, run, seq }: Entry): string {
  const where = run === undefined ? `#${seq}` : `#${seq} ${run.slice(0, 8)}`;
  return `${where}  ${sentenceOf(event)}`;
}

function nameOf(item: string): string {
  return printable(item);
}

/** A branch as people call it. */
export function shortBranch(ref: string): string {
  return printable(ref.replace(/^refs\/heads\//u, ''));
}

/** Why a branch that was to be deleted with its worktree was not. */
export function whyBranchKept(reason: BranchKeptReason): string {
  switch (reason) {
    case 'moved':
      return 'it has moved on';
    case 'checked-out':
      return 'it is in use in another working directory';
    case 'not-in-target':
      return 'its content is not known to be anywhere else';
    case 'not-ours':
      return 'it is not one of those that Prodigy makes';
    case 'needed':
      return 'another worktree needs commits that only it holds';
    case 'git':
      return 'git would not delete it';
  }
}

export function evidenceText(evidence: Evidence): string {
  return Object.entries(evidence)
    .map(([key, value]) => printable(`${key}: ${value}`))
    .join(', ');
}

/** What happened, in words; everything that came from a file name is escaped. */
export function sentenceOf(event: Event): string {
  switch (event.type) {
    case 'JournalCreated':
      return `journal ${printable(event.journalId)} created on ${printable(event.host)}`;
    case 'RunStarted': {
      const who = `${printable(event.actor.user)}@${printable(event.actor.host)}`;
      const dry = event.dryRun ? ' (removes nothing)' : '';
      const of = event.resumeOf === undefined ? '' : `, resuming ${printable(event.resumeOf)}`;
      const applied = event.applies === undefined ? '' : `, applying plan ${printable(event.applies)}`;
      return `run started by ${who}: ${printable([event.command, ...event.argv].join(' '))}${dry}${of}${applied}`;
    }
    case 'ItemKept':
      return `kept ${singular(event.kind)} ${printable(event.name)}: ${printable(event.reason)} (${evidenceText(event.evidence)})`;
    case 'ItemCondemned':
      return `may go: ${singular(event.kind)} ${printable(event.name)}: ${printable(event.reason)}, ${printable(event.proof)} (${evidenceText(event.evidence)})`;
    case 'ScanCompleted':
      return `looked at ${countOf(event.kind, event.found.items)} (${formatBytes(event.found.bytes)}): ${event.condemned.items} may go (${formatBytes(event.condemned.bytes)})`;
    case 'OddityFound':
      return `left alone: ${printable(event.reason)}: ${printable(event.detail)}${event.path === undefined ? '' : ` ${printable(event.path)}`}`;
    case 'PlanRecorded':
      return `plan ${printable(event.plan)} recorded, part ${event.piece + 1} of ${event.pieces}`;
    case 'RunPlanned':
      return `plan ${printable(event.plan)}: ${formatCount(event.items, 'item')}, ${formatBytes(event.bytes)}`;
    case 'RunConfirmed':
      return `confirmed (${printable(event.how)}): ${formatCount(event.items, 'item')}, ${formatBytes(event.bytes)}, plan ${printable(event.plan)}`;
    case 'RunDeclined':
      return `declined (${printable(event.how)})`;
    case 'RunRefused':
      return `refused: ${printable(event.rule)} (${evidenceText(event.detail)})`;
    case 'RemovalIntended':
      return `about to remove ${singular(event.kind)} ${printable(event.name)}: ${formatBytes(event.bytes)}, ${printable(event.reason)}, ${printable(event.proof)}`;
    case 'SnapshotTaken':
      return `the work in it is kept as ${printable(event.commit.slice(0, 12))} (${printable(event.ref)}): ${nameOf(event.item)}`;
    case 'ItemQuarantined':
      return event.heldUntilMs === undefined
        ? `moved out of its place: ${nameOf(event.item)}`
        : `removed, and held for undo until ${formatTime(event.heldUntilMs)}: ${nameOf(event.item)}`;
    case 'ItemDrifted':
      return `left alone, ${printable(event.reason)}: ${nameOf(event.item)} ${evidenceText(event.evidence)}`;
    case 'ItemVanished':
      return `already gone, not by us: ${nameOf(event.item)}`;
    case 'ItemFailed':
      return `failed: ${nameOf(event.item)}: ${printable(event.code)} ${printable(event.path)} ${printable(event.detail ?? '')}`.trimEnd();
    case 'PutBackBlocked':
      return `moved in part and could not be put back: ${nameOf(event.item)}: ${printable(event.code)} ${printable(event.path)}`;
    case 'PurgeStarted':
      return `freeing what was in quarantine (${printable(event.why)}): ${nameOf(event.item)}`;
    case 'PurgeBlocked':
      return `could not be freed whole: ${nameOf(event.item)}: ${event.detail === undefined ? '' : `${printable(event.detail)}: `}${printable(event.codes.join(' '))} ${printable(event.paths[0] ?? '')}${event.blocked > 1 ? ` and ${event.blocked - 1} more` : ''}`;
    case 'ItemRemoved':
      return `removed: ${nameOf(event.item)} (${formatBytes(event.bytes)})${event.observed === undefined ? '' : ', found absent'}`;
    case 'BranchDeleted':
      return `deleted branch ${shortBranch(event.branch)}, which was at ${printable(event.commit)}${event.observed === undefined ? '' : ' (found gone)'}: ${nameOf(event.item)}`;
    case 'BranchKept':
      return `kept branch ${shortBranch(event.branch)}: ${whyBranchKept(event.reason)}: ${nameOf(event.item)}`;
    case 'UndoIntended':
      return `about to make again: ${nameOf(event.item)}`;
    case 'UndoExpired':
      return `cannot be put back any more (${printable(event.why)}): ${nameOf(event.item)}`;
    case 'ItemRestored':
      return `back in its place (${printable(event.why)}): ${nameOf(event.item)}`;
    case 'RenameRedone':
      return `moved again after a power cut: ${nameOf(event.item)}`;
    case 'PurgeRedone':
      return `freed again after a power cut: ${nameOf(event.item)}`;
    case 'QuarantineOrphanFound':
      return `unexplained in quarantine, not touched: ${printable(event.path)}`;
    case 'StaleLockReplaced':
      return `stale resume lock of dead process ${event.pid} replaced: ${printable(event.path)}`;
    case 'RunCompleted':
      return `run ended: ${printable(event.outcome)} (exit ${event.exitCode})`;
    case 'RunInterrupted':
      return `run ${printable(event.interrupted)} was interrupted (${printable(event.by)})`;
    case 'HoldPlaced':
      return `on hold${event.untilMs === undefined ? '' : ` until ${formatTime(event.untilMs)}`}: ${nameOf(event.target)}: ${printable(event.reason)}`;
    case 'SessionAbandoned':
      return `abandoned, nobody will resume it: ${nameOf(event.target)}: ${printable(event.reason)}`;
    case 'PinReleased':
      return `released: ${nameOf(event.target)}`;
    case 'ReserveReleased':
      return `the disk is full: the journal's reserve of ${formatBytes(event.bytes)} was given up`;
    case 'ReserveRestored':
      return `the journal's reserve of ${formatBytes(event.bytes)} is there again`;
    case 'JournalMoved':
      return event.why === 'no-room'
        ? `the disk is full: the journal lies in ${printable(event.to)} for now`
        : `the journal is at home again: ${printable(event.to)}`;
    case 'ClockWentBack':
      return `the clock runs behind the journal: ${formatTime(event.nowMs)} after ${formatTime(event.lastAtMs)}`;
    case 'TailTruncatedDetected':
      return `entries are missing at the end: the anchor knows #${event.anchorSeq}, the journal ends at #${event.headSeq}`;
    case 'SegmentSealed':
      return `segment ${event.segment} sealed: #${event.from} to #${event.to}`;
    case 'SegmentRetired':
      return `segment ${event.segment} retired`;
    case 'JournalMigrated':
      return `journal migrated from format ${event.from} to ${event.to}: ${formatCount(event.count, 'entry', 'entries')}`;
    case 'JournalRepaired':
      return `journal repaired, ${formatCount(event.lost, 'entry', 'entries')} lost`;
  }
}
