import { err, ok, type Result } from 'neverthrow';
import type { Event } from '../journal/event.ts';
import type { Failure, UsageFailure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import { noPins, type Pin, type Pins } from '../model/pin.ts';
import { protect, type Guard } from '../policy/closure.ts';
import { activityWindowMs } from '../policy/retention.ts';
import { pins as storedPins } from '../projections/pins.ts';
import { printable } from '../ui/format.ts';
import { pinDocument, pinsText } from '../ui/pins-text.ts';
import { inRoot, quoted } from '../ui/run-line.ts';
import { isThereAJournal, openForWork, type Working } from './journal-access.ts';
import { noRules, runPolicy } from './looking.ts';
import { holdsElsewhere, holdsUnknown, pinsOf, pinsSeen } from './pins-now.ts';
import { exitCodes } from './outcome.ts';
import { nameable, pinned, similarTo, targetOf, type Named, type Nameable } from './pin-target.ts';
import { actorOf, type Shell } from './shell.ts';
import { parseUntil } from './when.ts';

export type PinFlags = {
  readonly reason?: string;
  readonly until?: string;
  readonly json?: boolean;
  readonly color?: boolean;
};

const longestReason = 1_000;

/** `prodigy clean hold [ID]`: it stays, whatever its age; without an id, what is on hold or abandoned. */
export async function hold(
  id: string | undefined,
  flags: PinFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  if (id === undefined) return list(flags, shell);
  const reason = reasonOf(flags);
  if (reason.isErr()) return err(reason.error);
  const until = flags.until === undefined ? ok(undefined) : parseUntil(flags.until, shell.clock());
  if (until.isErr()) return err(until.error);
  const untilMs = until.value;
  const place = ({ target, name }: Named): Result<Event, Failure> =>
    ok({
      type: 'HoldPlaced',
      target,
      name,
      reason: reason.value,
      ...(untilMs === undefined ? {} : { untilMs }),
    });
  return pinIt('hold', id, flags, place, shell);
}

/** `prodigy clean abandon SESSION`: nobody will resume it. Lifts *resumable* of that one, and never *active*. */
export async function abandon(id: string, flags: PinFlags, shell: Shell): Promise<Result<number, Failure>> {
  const reason = reasonOf(flags);
  if (reason.isErr()) return err(reason.error);
  const give = ({ target, name }: Named, seen: Nameable): Result<Event, Failure> => {
    const refused = whyNotAbandoned(target, protect(seen.look, shell.clock(), activityWindowMs));
    if (refused !== undefined) return err(refused);
    return ok({ type: 'SessionAbandoned', target, name, reason: reason.value });
  };
  return pinIt('abandon', id, flags, give, shell);
}

function whyNotAbandoned(target: string, guard: Guard): Failure | undefined {
  const owner = target as Parameters<Guard['classOf']>[0];
  const found = guard.classOf(owner);
  if (found === undefined) {
    const problem = 'Only a session or a job can be abandoned';
    return {
      type: 'usage',
      problem,
      text: target,
      next: 'prodigy clean why ID tells whose it is: abandon that one',
    };
  }
  const { keep, why } = found;
  if (keep?.reason === 'resumable') return undefined;
  if (keep !== undefined) return { type: 'not-abandonable', target, reason: keep.reason, status: why };
  const problem = `It cannot be resumed anyway (${why}): there is nothing to abandon`;
  const next = 'age and proof decide: prodigy clean --all --dry-run --full shows what else keeps it';
  return { type: 'usage', problem, text: target, next };
}

/** `prodigy clean release ID`: ends a hold, takes an abandonment back. */
export async function release(id: string, flags: PinFlags, shell: Shell): Promise<Result<number, Failure>> {
  if (!(await isThereAJournal(shell)))
    return err({ type: 'unknown-item', text: id, similar: [], among: 'pins' });
  const opened = await openForWork(shell, `prodigy clean release ${id}`);
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  const rows = await work.journal.rows(storedPins);
  if (rows.isErr()) return err(rows.error);
  const pin = await pinned(id, rows.value, shell);
  if (pin === undefined) {
    const other = await pinned(id, (await holdsElsewhere(shell, shell.clock())).unwrapOr(noPins), shell);
    if (other?.hold?.saidIn !== undefined) {
      const problem = `It is on hold by the journal of ${printable(other.hold.saidIn)}`;
      const next = inRoot(other.hold.saidIn, `prodigy clean release ${quoted(other.target)}`);
      return err({ type: 'usage', problem, text: id, next });
    }
    const similar = similarTo(id, [...rows.value.keys()]);
    return err({ type: 'unknown-item', text: id, similar, among: 'pins' });
  }
  const { target, name } = pin;
  // Waited for here: the journal is closed on the way out.
  return await record('release', [id], { type: 'PinReleased', target, name }, pin, flags, work, shell);
}

async function pinIt(
  command: 'hold' | 'abandon',
  id: string,
  flags: PinFlags,
  eventFor: (named: Named, seen: Nameable) => Result<Event, Failure>,
  shell: Shell,
): Promise<Result<number, Failure>> {
  // The lock is a run's: what it has judged, nobody can put on hold behind its back, and is told so.
  const seen = await nameable(shell);
  const named = await targetOf(id, seen, shell);
  if (named.isErr()) return err(named.error);
  const event = eventFor(named.value, seen);
  if (event.isErr()) return err(event.error);
  const opened = await openForWork(shell, `prodigy clean ${command} ${id}`);
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  return await record(command, argvOf(id, flags), event.value, undefined, flags, work, shell, seen);
}

function argvOf(id: string, { reason, until }: PinFlags): string[] {
  return [
    id,
    ...(reason === undefined ? [] : ['--reason', reason]),
    ...(until === undefined ? [] : ['--until', until]),
  ];
}

async function record(
  command: 'hold' | 'abandon' | 'release',
  argv: readonly string[],
  event: Event,
  released: Pin | undefined,
  flags: PinFlags,
  work: Working,
  shell: Shell,
  seen?: Nameable,
): Promise<Result<number, Failure>> {
  const run = work.startRecord('text');
  const started = await run.command({
    type: 'StartRun',
    started: {
      command,
      argv,
      dryRun: false,
      scope: { allRepositories: true, repositories: [], roots: shell.config.roots, kinds },
      policy: runPolicy(shell.clock(), undefined, kinds, noRules),
      actor: actorOf(shell),
    },
  });
  if (started.isErr()) return err(started.error);
  const noted = await run.note([event]);
  if (noted.isErr()) return err(noted.error);
  const ended = await run.command({
    type: 'EndRun',
    completed: { outcome: 'completed', exitCode: exitCodes.done.code, totals: {} },
  });
  if (ended.isErr()) return err(ended.error);
  // It is said and done: that a hold elsewhere cannot be read changes nothing of it.
  const elsewhere = (await holdsElsewhere(shell, shell.clock())).unwrapOr(noPins);
  const now = await pinsOf(work.journal, elsewhere, shell.clock());
  if (now.isErr()) return err(now.error);
  answer(event, released ?? now.value.get(targetIn(event)), now.value, flags, shell, seen);
  return ok(exitCodes.done.code);
}

function targetIn(event: Event): string {
  return 'target' in event ? event.target : '';
}

function answer(
  event: Event,
  pin: Pin | undefined,
  pins: Pins,
  { json }: PinFlags,
  { terminal, clock }: Shell,
  seen: Nameable | undefined,
): void {
  if (pin === undefined) return;
  if (json === true) {
    const isReleased = event.type === 'PinReleased';
    const said = { ...pinDocument(pin), ...(isReleased ? { released: true } : {}) };
    terminal.out(`${JSON.stringify({ ...head, pins: [said] }, null, 2)}\n`);
    return;
  }
  if (event.type === 'PinReleased') {
    terminal.out(`Released: ${printable(pin.target)}\n`);
    return;
  }
  terminal.out(pinsText([pin]));
  if (event.type !== 'SessionAbandoned' || seen === undefined) return;
  const owner = pin.target as Parameters<Guard['of']>[0];
  const left = protect(seen.look, clock(), activityWindowMs, pins).of(owner);
  terminal.out(
    left === undefined
      ? 'Its items go by age like the rest now, each only if nothing is lost with it.\n'
      : `It still stays: ${left.reason}${left.via.length > 1 ? ` (${left.via.map(printable).join(' > ')})` : ''}\n`,
  );
}

const head = { schema: 'prodigy-clean/1', outcome: 'completed', exitCode: 0 } as const;

async function list({ json }: PinFlags, shell: Shell): Promise<Result<number, Failure>> {
  const { terminal, clock } = shell;
  const { pins, unknown } = await pinsSeen(shell, clock());
  if (unknown !== undefined && unknown.type !== 'holds-unknown') return err(unknown);
  if (unknown !== undefined) terminal.err(`${holdsUnknown(unknown)}\n`);
  const found = [...pins.values()];
  if (json === true) terminal.out(`${JSON.stringify({ ...head, pins: found.map(pinDocument) }, null, 2)}\n`);
  else terminal.out(found.length === 0 ? 'Nothing is on hold or abandoned.\n' : pinsText(found));
  return ok(exitCodes.done.code);
}

function reasonOf({ reason }: PinFlags): Result<string, UsageFailure> {
  const said = reason?.trim() ?? '';
  const accepted = ['--reason "why"'];
  if (said === '') return err({ type: 'usage', problem: '--reason is missing: say why', accepted });
  if (said.length > longestReason) {
    return err({ type: 'usage', problem: `--reason is longer than ${longestReason} characters`, accepted });
  }
  return ok(said);
}
