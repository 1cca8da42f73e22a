import { realpath } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import { addTo } from '../model/groups.ts';
import type { Draft, Entry } from '../journal/entry.ts';
import { decodeEntry } from '../journal/codec.ts';
import type { Table } from '../journal/reader.ts';
import { repair, type Repaired } from '../journal/repair.ts';
import { salvage, type Salvaged } from '../journal/salvage.ts';
import { mendSum } from '../journal/segment-file.ts';
import type { Segment } from '../journal/segment.ts';
import type { Failure } from '../model/failure.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { concernsOperation, evolveOperation, type OperationState } from '../run/operation.ts';
import { findingText } from '../ui/finding-text.ts';
import { formatCount, formatTime, printable } from '../ui/format.ts';
import { ask } from '../ui/prompt.ts';
import { journalOptions, journalPlace, lockRoots } from './journal-access.ts';
import { checkJournal, type JournalCheck } from './journal-check.ts';
import { lackingSums } from './lacking-sums.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

export type RepairFlags = {
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly color?: boolean;
};

const questionTimeoutMs = 10 * 60 * 1000;

/** What only the disk, or only an anchor kept elsewhere, says: there is nothing to repair in the journal itself. */
const outside: ReadonlySet<string> = new Set([
  'part-missing',
  'part-foreign',
  'quarantine-unknown',
  'illegal-transition',
]);

/**
 * `prodigy clean log repair`: keeps every entry up to the first that is lost, and says before what that costs. Nothing
 * is touched before consent, and the damaged database is kept.
 */
export async function repairJournal(flags: RepairFlags, shell: Shell): Promise<Result<number, Failure>> {
  const lock = await lockRoots(shell, 'prodigy clean log repair');
  if (lock.isErr()) return err(lock.error);
  try {
    return await repairLocked(flags, shell);
  } finally {
    await lock.value.release();
  }
}

async function repairLocked(flags: RepairFlags, shell: Shell): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const checked = await checkJournal([], shell);
  if (checked.isErr()) return err(checked.error);
  const check = checked.value;
  const wrong = check?.findings.filter(({ type }) => !outside.has(type)) ?? [];
  if (check === undefined || wrong.length === 0) {
    const sentence =
      check === undefined
        ? 'There is no journal yet: nothing to repair.'
        : `The journal is sound (${formatCount(check.entries, 'entry', 'entries')}): nothing to repair.`;
    answer({ outcome: 'nothing-to-do', exitCode: 0 }, `${sentence}\n`, flags, shell);
    return ok(exitCodes.done.code);
  }

  const place = await journalPlace(shell);
  const directory = await realpath(place).catch(() => place);
  const lacking = await lackingSums(directory, wrong, shell);
  if (lacking.length > 0) return mendSums(directory, lacking, wrong, flags, shell);
  const salvaged = await salvage(directory);
  if (salvaged.isErr()) {
    if (salvaged.error.type !== 'journal-damaged') return err(salvaged.error);
    const sentence = `Nothing was changed: ${printable(salvaged.error.detail)}.`;
    answer(
      { outcome: 'failed', exitCode: exitCodes.failed.code, why: salvaged.error.detail },
      `${sentence}\n`,
      flags,
      shell,
    );
    return ok(exitCodes.failed.code);
  }
  const loss = lossOf(salvaged.value);
  if (flags.json !== true) terminal.out(planText(directory, { ...check, findings: wrong }, salvaged.value));
  const withheld = await withheldBy(loss, flags, shell);
  if (withheld !== undefined) return ok(withheld);
  const repaired = await repair(directory, salvaged.value, restate, journalOptions(shell));
  if (repaired.isErr()) return err(repaired.error);
  const again = await checkJournal([], shell);
  if (again.isErr()) return err(again.error);
  const isSound = again.value?.findings.every(({ type }) => outside.has(type)) === true;
  const exit = isSound ? exitCodes.done : exitCodes.failed;
  const facts = { ...loss, damaged: repaired.value.aside, salvaged: repaired.value.salvaged ?? null };
  answer(
    {
      outcome: isSound ? 'completed' : 'failed',
      exitCode: exit.code,
      ...facts,
      restated: repaired.value.restated,
    },
    doneText(repaired.value, isSound),
    flags,
    shell,
  );
  return ok(exit.code);
}

/** The database is as it should be, and stays. */
async function mendSums(
  directory: string,
  lacking: readonly Segment[],
  wrong: JournalCheck['findings'],
  flags: RepairFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const nothing = { lost: 0, firstLostSeq: null, found: 0 };
  if (flags.json !== true) {
    const lines = [
      `The journal ${printable(directory)} lacks sums beside sealed segments:`,
      ...wrong.map((finding) => `  ✗ ${findingText(finding)}`),
    ];
    lines.push('Lost:  nothing. The segments are whole; the sums are written anew, nothing else is touched.');
    shell.terminal.out(`${lines.join('\n')}\n`);
  }
  const withheld = await withheldBy(nothing, flags, shell);
  if (withheld !== undefined) return ok(withheld);
  for (const segment of lacking) {
    const mended = await mendSum(directory, segment);
    if (mended.isErr()) return err(mended.error);
  }
  const again = await checkJournal([], shell);
  if (again.isErr()) return err(again.error);
  const isSound = again.value?.findings.every(({ type }) => outside.has(type)) === true;
  const { code } = isSound ? exitCodes.done : exitCodes.failed;
  const text = isSound ? '✓ Repaired.\n' : '✗ It is still not sound: prodigy clean log verify\n';
  answer({ outcome: isSound ? 'completed' : 'failed', exitCode: code, ...nothing }, text, flags, shell);
  return ok(code);
}

/** Asks. Answers with the code to end with when there is no consent, `undefined` when there is. */
async function withheldBy(
  loss: Record<string, unknown>,
  flags: RepairFlags,
  shell: Shell,
): Promise<number | undefined> {
  const consent = await consentTo(flags, shell);
  if (consent === 'given') return undefined;
  const isRefused = consent === 'no-terminal';
  const exit = isRefused ? exitCodes.refused : exitCodes.declined;
  const outcome = isRefused ? 'refused' : 'declined';
  const sentence = isRefused
    ? 'Nothing was changed: there is no terminal to ask on; give --force.'
    : 'Nothing was changed.';
  answer({ outcome, exitCode: exit.code, ...loss }, `${sentence}\n`, flags, shell);
  return exit.code;
}

type Loss = {
  readonly kept: number;
  readonly lost: number;
  readonly firstLostSeq: number | null;
  readonly found: number;
};

function lossOf({ kept, base, beyond, lastKnownSeq }: Salvaged): Loss {
  const last = kept.at(-1)?.seq ?? base.seq;
  const lost = lastKnownSeq - last;
  return { kept: last + 1, lost, firstLostSeq: lost > 0 ? last + 1 : null, found: beyond.length };
}

function answer(
  document: Record<string, unknown>,
  text: string,
  { json }: RepairFlags,
  { terminal }: Shell,
): void {
  const whole = { schema: 'prodigy-clean/1', ...document };
  terminal.out(json === true ? `${JSON.stringify(whole, null, 2)}\n` : text);
}

async function consentTo(
  { force, yes, json }: RepairFlags,
  { terminal, signal }: Shell,
): Promise<'given' | 'declined' | 'no-terminal'> {
  if (force === true || yes === true) return 'given';
  if (!terminal.canAsk || json === true) return 'no-terminal';
  const answered = await ask('Repair it? [y/N] ', undefined, questionTimeoutMs, signal);
  return answered === 'yes' ? 'given' : 'declined';
}

function planText(directory: string, { findings }: JournalCheck, salvaged: Salvaged): string {
  const { kept, lost, firstLostSeq, found } = lossOf(salvaged);
  const lines = [`The journal ${printable(directory)} is damaged:`];
  lines.push(...findings.slice(0, 10).map((finding) => `  ✗ ${findingText(finding)}`));
  if (findings.length > 10) lines.push(`  and ${findings.length - 10} more`);
  lines.push(`Kept:  ${formatCount(kept, 'entry', 'entries')}${timeOf(salvaged)}`);
  if (firstLostSeq === null) lines.push('Lost:  nothing; what is stored beside the entries is made anew.');
  else {
    const range = lost === 1 ? `#${firstLostSeq}` : `#${firstLostSeq} to #${firstLostSeq + lost - 1}`;
    lines.push(`Lost:  ${formatCount(lost, 'entry', 'entries')}, ${range}.`);
  }
  if (found > 0) {
    lines.push(
      `       ${found} of them can still be read behind the hole. They cannot be part of the chain any more: they go to a file`,
      '       beside the journal, and what is still open among them is journalled again.',
    );
  }
  if (salvaged.ignored.length > 0) {
    lines.push(
      `Not part of the chain that is kept: ${salvaged.ignored.join(', ')}. A file like it is moved aside when its number is sealed again.`,
    );
  }
  lines.push('The damaged database is kept beside the new one. The repair itself is journalled.');
  return `${lines.join('\n')}\n`;
}

function timeOf({ kept }: Salvaged): string {
  const last = kept.at(-1);
  const entry = last === undefined ? undefined : decodeEntry(last.text).unwrapOr(undefined);
  return entry === undefined ? '' : `, up to #${entry.seq} of ${formatTime(entry.atMs)}`;
}

function doneText({ aside, salvaged, restated }: Repaired, isSound: boolean): string {
  const lines = [
    isSound
      ? '✓ Repaired, and every entry in its place.'
      : '✗ It is still not sound: prodigy clean log verify',
  ];
  lines.push(`  the damaged database: ${aside}`);
  if (salvaged !== undefined) lines.push(`  what was behind the hole: ${salvaged}`);
  if (restated > 0) lines.push(`  ${formatCount(restated, 'fact')} about open operations journalled again`);
  return `${lines.join('\n')}\n`;
}

/**
 * Of what was behind the hole, the facts about operations that have not ended: without them what lies in quarantine
 * could neither be freed nor put back. Each must be possible after what is kept.
 */
function restate(tables: readonly Table[], beyond: readonly Entry[]): readonly Draft[] {
  const rows = tables.find(({ projection }) => projection.name === openOperations.name)?.rows;
  const states = new Map<string, OperationState>();
  for (const [op, row] of rows ?? []) states.set(op, (row as OpenOperation).state);
  const known = new Set(states.keys());
  const again = new Map<string, Draft[]>();
  for (const { op, run, event } of beyond) {
    if (op === undefined || !concernsOperation(event)) continue;
    const next = evolveOperation(states.get(op) ?? 'none', event);
    if (next.isErr()) continue;
    states.set(op, next.value);
    addTo(again, op, { op, event, ...(run === undefined ? {} : { run }) });
  }
  return [...again]
    .filter(([op]) => known.has(op) || states.get(op) !== 'ended')
    .flatMap(([, drafts]) => drafts);
}
