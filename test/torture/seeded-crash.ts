import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Result } from 'neverthrow';
import { apply } from '../../src/commands/apply.ts';
import { clean } from '../../src/commands/clean.ts';
import { openToRead } from '../../src/commands/journal-access.ts';
import { parseRequest, type CleanRequest } from '../../src/commands/options.ts';
import { resume } from '../../src/commands/resume.ts';
import type { Shell } from '../../src/commands/shell.ts';
import { undo } from '../../src/commands/undo.ts';
import type { Entry } from '../../src/journal/entry.ts';
import type { Move } from '../../src/journal/event-removal.ts';
import { Fold } from '../../src/journal/reader.ts';
import type { Failure } from '../../src/model/failure.ts';
import { openOperations } from '../../src/projections/open-operations.ts';
import { oldestFirst } from '../../src/projections/run-history.ts';
import { runSummary } from '../../src/projections/run-summary.ts';
import { readJournal } from './checker-journal.ts';
import { check, Snapshot } from './checker.ts';
import type { Loss } from './crash-fs.ts';
import { real, type Call } from './interpose.ts';
import { KnownWorld } from './known-world.ts';
import { Machine, type Fate, type Ran, type Stop } from './machine.ts';
import { seeded, type Random } from './random.ts';
import { smallStorage } from './small-storage.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';
import { swiftDirectory } from './swift-directory.ts';
import { changeWorld, use } from './world-changes.ts';

/**
 * T2: the product's own commands on a small storage, killed at any call to the file system or the journal, with or
 * without the power; then the world changes, then they are resumed, and killed again, until nobody kills them any more.
 */
export const suite: Suite = {
  id: 'T2',
  title: 'killed at any step, the world changing meanwhile',
  trials: 10_000,
  slice: 80,
  hindrance: possible,
  trial: (seed, directory) =>
    swiftDirectory(
      directory,
      (top) => trial(seed, top),
      ({ violations }) => violations.length > 0,
    ),
};

type Command = (shell: Shell) => Promise<Result<number, Failure>>;

/** Longer than any command: a process that is still running then has lost itself. */
const patienceMs = 60_000;
const nowMs = Date.UTC(2026, 5, 1, 12);

async function trial(seed: number, top: string): Promise<Trial> {
  const random = seeded(seed);
  const life = await Life.begin(top, random);
  await life.live();
  const violations = await life.verdict();
  const { crashes, changes, commands } = life;
  return { violations, counts: { crashes, changes, commands } };
}

class Life {
  readonly #machine: Machine;
  readonly #world: KnownWorld;
  readonly #before: Snapshot;
  readonly #random: Random;
  readonly #acknowledged: { id: string; seq: number }[] = [];
  readonly #violations: Violation[] = [];
  readonly #isUndoable: boolean;
  readonly #farAway: ReadonlySet<string>;
  readonly #mayChange: boolean;
  #isAlone = false;
  crashes = 0;
  commands = 0;

  private constructor(machine: Machine, world: KnownWorld, random: Random) {
    this.#machine = machine;
    this.#world = world;
    this.#random = random;
    this.#before = Snapshot.take([machine.root]);
    this.#isUndoable = random.chance(0.6);
    const isFar = random.chance(0.3);
    this.#farAway = new Set(world.parts.filter(() => isFar && random.chance(0.4)).map(({ path }) => path));
    this.#mayChange = random.chance(0.75);
    // Now and then what is held for undo is too much, and the oldest goes.
    if (random.chance(0.15)) machine.undoBytes = 16 * 1024;
  }

  static async begin(top: string, random: Random): Promise<Life> {
    const loss = random.pick<Loss>(['none', 'none', 'ordered', 'directories', 'directories']);
    const isJournalOnSameVolume = loss === 'ordered' && random.chance(0.5);
    const machine = new Machine({ top, random, nowMs, loss, isJournalOnSameVolume });
    const { home, root } = machine;
    const things = await smallStorage({ home, root, nowMs }, random);
    return new Life(machine, new KnownWorld(things, join(top, 'copies')), random);
  }

  get changes(): number {
    return this.#world.notes.length;
  }

  async live(): Promise<void> {
    const random = this.#random;
    let ran = await this.#perform(this.#clean(), random.chance(0.9));
    for (let again = 0; again < 4 && (ran.crashed || random.chance(0.3)); again += 1) {
      const changes = random.below(3);
      for (let index = 0; index < changes; index += 1) this.#change();
      const isLast = again === 3;
      if (random.chance(0.2)) this.#cutPower();
      ran = await this.#perform(this.#next(), !isLast && random.chance(0.5));
    }
    if (random.chance(0.5)) this.#cutPower();
    await this.#final();
  }

  #cutPower(): void {
    this.#machine.cutPower();
    this.#world.notes.push('the power is cut');
  }

  /** Whatever takes the work up: a resume, another run, or an undo of some of it. */
  #next(): Command {
    const random = this.#random;
    // A run of that day may take what stayed in this one.
    if (!this.#machine.isLate && random.chance(0.2)) return this.#clean();
    const held = this.#heldPaths();
    return held.length > 0 && random.chance(0.3) ? this.#undo(random.pick(held)) : this.#resume();
  }

  async #final(): Promise<void> {
    const final = await this.#perform(this.#resume(true), false);
    const { entries } = await readJournal(this.#machine.journalDirectory);
    this.#lastSeq = entries.at(-1)?.seq;
    this.#waiting = this.#waitingOf(entries);
    this.#confirmed = confirmedIn(entries);
    this.#untrue = this.#untrueIn(entries);
    this.#staying = this.#stayingOf(entries, final);
    this.#expectDone(final, 'the final resume');
    // What cannot be held is tried again: parts of it go and come back, which directories remember.
    const printed = (): string => printAll(this.#machine.root, this.#staying.length === 0);
    const before = printed();
    // Nobody else is there any more: what changes now is its own doing.
    this.#isAlone = true;
    this.#expectDone(await this.#perform(this.#resume(true), false), 'a resume after the final one');
    if (printed() !== before) this.#violate('J9', 'a second resume changed the storage');
  }

  /** The last run that began by itself: it looks at everything anew. */
  #newest: Command | undefined;
  #lastSeq: number | undefined;
  #waiting: readonly string[] = [];
  /** Paths of what the final resume left in its place, since it could not be held for undo. */
  #staying: readonly string[] = [];
  #confirmed: readonly string[] = [];
  #isUndone = false;
  #untrue: readonly Violation[] = [];

  /** What nobody else took away did not vanish, and what is held for undo is not freed before its time. */
  #untrueIn(entries: readonly Entry[]): Violation[] {
    const moves = new Map<string, readonly string[]>();
    const heldUntilMs = new Map<string, number>();
    return entries.flatMap(({ op = '', event, atMs }) => {
      if (event.type === 'RemovalIntended') {
        moves.set(
          op,
          event.moves.map(({ path }) => path),
        );
      }
      if (event.type === 'ItemQuarantined' && event.heldUntilMs !== undefined)
        heldUntilMs.set(op, event.heldUntilMs);
      if (event.type === 'PurgeStarted') {
        const until = heldUntilMs.get(op) ?? 0;
        const isEarly = until > atMs && (event.why === 'resumed' || event.why === 'undo-expired');
        heldUntilMs.delete(op);
        if (isEarly) return [{ rule: 'P5', detail: `freed before its time: ${event.item}, ${event.why}` }];
      }
      if (
        event.type !== 'ItemVanished' ||
        moves.get(op)?.some((path) => this.#world.taken.has(path)) === true
      )
        return [];
      return [{ rule: 'J2', detail: `ItemVanished of ${event.item}, which nobody else took` }];
    });
  }

  /** What cannot be put back, because somebody else's thing has the place, waits for him. */
  #waitingOf(entries: readonly Entry[]): readonly string[] {
    const open = new Fold(openOperations);
    const moves = new Map<string, readonly Move[]>();
    for (const entry of entries) {
      open.add(entry);
      if (entry.event.type === 'RemovalIntended') moves.set(entry.op ?? '', entry.event.moves);
    }
    const isTaken = (path: string): boolean =>
      this.#world.untouchable.get(path)?.why === 'made anew by somebody else';
    return [...open.rows.values()]
      .filter(({ op, putBackBlocked }) => {
        return putBackBlocked !== undefined && moves.get(op)?.some(({ path }) => isTaken(path)) === true;
      })
      .map(({ item }) => item);
  }

  /** Only what is far away, and only when undo was promised: then it must stay. */
  #stayingOf(entries: readonly Entry[], { out }: Ran): readonly string[] {
    const moves = new Map<string, readonly string[]>();
    const staying: string[] = [];
    for (const { id, op = '', event } of entries) {
      if (event.type === 'RemovalIntended')
        moves.set(
          op,
          event.moves.map(({ path }) => path),
        );
      if (event.type !== 'ItemFailed' || event.code !== 'ENOHOLD') continue;
      const paths = moves.get(op) ?? [];
      if (!this.#isUndoable || !paths.some((path) => this.#farAway.has(path)))
        this.#violate('P8', `${event.item} could have been held: ${event.detail ?? ''}`);
      if (out.includes(id)) staying.push(...paths);
    }
    return staying;
  }

  async verdict(): Promise<Violation[]> {
    const { root, journalDirectory } = this.#machine;
    const found = await check({
      roots: [root],
      journalDirectory,
      before: this.#before,
      acknowledged: this.#acknowledged,
      // Where no journal was ever born, nothing was ever moved, and nothing is resumed.
      final: this.#lastSeq !== undefined,
      except: [...this.#world.changed],
      blocked: this.#waiting,
      // A run that has something to wait for looks around anew.
      ...(this.#lastSeq === undefined || this.#waiting.length > 0 || this.#staying.length > 0
        ? {}
        : { secondResumeAfter: this.#lastSeq }),
    });
    const all = [
      ...this.#violations,
      ...this.#unfinished(),
      ...this.#untrue,
      ...this.#world.violations(),
      ...found,
    ];
    // What was done is part of the report: a seed tells it anyway, a reader does not.
    return all.map(({ rule, detail }) => ({ rule, detail: `${detail} [${this.#world.notes.join('; ')}]` }));
  }

  /** Where nobody interferes, it ends where a run would have ended that nobody killed. */
  #unfinished(): Violation[] {
    if (this.#mayChange || this.#isUndone) return [];
    return this.#confirmed
      .filter((path) => real.existsSync(path) && !this.#staying.includes(path))
      .map((path) => ({ rule: 'P5', detail: `an unbroken run would have removed ${path}` }));
  }

  #violate(rule: string, detail: string): void {
    this.#violations.push({ rule, detail });
  }

  #expectDone({ result, crashed }: Ran, what: string): void {
    const expected = this.#waiting.length > 0 || this.#staying.length > 0 ? 3 : 0;
    if (crashed || (result?.isOk() === true && result.value === expected)) return;
    const end = result?.match(String, (failure) => JSON.stringify(failure)) ?? 'nothing';
    this.#violate('P5', `${what} ended with ${end}`);
  }

  async #perform(command: Command, mayDie: boolean): Promise<Ran> {
    const random = this.#random;
    const stop = mayDie ? stopOf(random) : undefined;
    const mayChange = this.#mayChange && !this.#isAlone;
    const changesAt = mayChange && random.chance(0.45) ? 3 + random.below(11) : 0;
    const comesInAt = mayChange && random.chance(0.25) ? 1 + random.below(12) : 0;
    const fate: Fate = {
      stop,
      fault: this.#elsewhere,
      onProcesses: (time, steps) => {
        if (time !== comesInAt) return;
        // What is done about it is done at once.
        if (stop !== undefined && random.chance(0.7)) {
          stop.unit = 'step';
          stop.number = steps + 1 + random.below(8);
        }
        const note = use(this.#world, this.#machine);
        if (note !== undefined) this.#world.notes.push(note);
      },
      onJournal: (batch, hasLooked) => {
        if (batch !== changesAt) return;
        this.#change();
        if (command === this.#newest && !hasLooked) this.#world.newConsent();
      },
    };
    const ran = await within(patienceMs, this.#machine.run(command, fate));
    this.commands += 1;
    this.#world.notes.push(ran.crashed ? `died ${stop?.when} ${stop?.unit} ${stop?.number}` : 'ended');
    if (ran.crashed) this.crashes += 1;
    if (ran.thrown !== undefined) {
      this.#violate('P8', `a defect: ${inspect(ran.thrown)}`);
    }
    for (const line of ran.out.split('\n')) {
      if (!line.startsWith('{')) continue;
      const { id, seq } = JSON.parse(line) as { id: string; seq: number };
      this.#acknowledged.push({ id, seq });
    }
    return ran;
  }

  /** Some items cannot get to the quarantine: they are renamed beside their place, or stay if they were to be held. */
  readonly #elsewhere = ({ name, path, to }: Call): string | undefined =>
    name === 'rename' && this.#farAway.has(path) && to?.startsWith(this.#machine.root + '/clean/') === true
      ? 'EXDEV'
      : undefined;

  #change(): void {
    if (this.#mayChange) changeWorld(this.#world, this.#machine);
  }

  #clean(): Command {
    this.#world.notes.push('clean');
    this.#world.newConsent();
    const flags = { allRepos: true, force: true, jsonl: true, acceptClock: true, undo: this.#isUndoable };
    const request = parseRequest(['all'], flags)._unsafeUnwrap();
    const isApplied = this.#random.chance(0.3);
    if (isApplied) this.#world.notes.push('as a dry run, then applied');
    this.#newest = isApplied
      ? (shell) => showAndApply({ ...request, dryRun: true }, shell)
      : (shell) => clean(request, shell);
    return this.#newest;
  }

  #resume(acceptClock = false): Command {
    this.#world.notes.push('resume');
    return (shell) => resume({ run: undefined, output: 'jsonl', acceptClock }, shell);
  }

  #undo(path: string): Command {
    this.#world.notes.push(`undo ${path}`);
    this.#isUndone = true;
    return (shell) => undo(path, {}, shell);
  }

  /** Where things were that are not there: an undo of them may have something to do. */
  #heldPaths(): string[] {
    return this.#world.parts.filter(({ path }) => !real.existsSync(path)).map(({ path }) => path);
  }
}

/** What a dry run showed is carried out; whatever has changed since stays. */
async function showAndApply(request: CleanRequest, shell: Shell): Promise<Result<number, Failure>> {
  const shown = await clean(request, shell);
  if (shown.isErr()) return shown;
  const plan = await lastPlan(shell);
  const { isUndoable } = request;
  return plan === undefined
    ? shown
    : apply(plan, { force: true, jsonl: true, acceptClock: true, undo: isUndoable }, shell);
}

async function lastPlan(shell: Shell): Promise<string | undefined> {
  const opened = await openToRead(shell);
  if (opened.isErr()) return undefined;
  await using reader = opened.value;
  const rows = await reader.rows(runSummary);
  return rows.isOk() ? oldestFirst(rows.value.values()).at(-1)?.plan : undefined;
}

/** Anywhere; and often right where the journal is written, which is where promises begin and end. */
function stopOf(random: Random): Stop {
  const when = random.pick(['before', 'after'] as const);
  if (random.chance(0.4)) return { unit: 'batch', number: 1 + random.below(16), when };
  // More in the beginning than at the end of a long run.
  return { unit: 'step', number: 1 + Math.min(random.below(60), random.below(200)), when };
}

/** All paths that were to go by a consent. */
function confirmedIn(entries: readonly Entry[]): readonly string[] {
  const plans = new Map<string, string[]>();
  const confirmed = new Set<string>();
  for (const { event } of entries) {
    if (event.type === 'PlanRecorded') {
      const paths = event.items.flatMap(({ parts }) => parts.map(({ path }) => path));
      plans.set(event.plan, [...(plans.get(event.plan) ?? []), ...paths]);
    }
    if (event.type === 'RunConfirmed') confirmed.add(event.plan);
  }
  return [...confirmed].flatMap((plan) => plans.get(plan) ?? []);
}

function printAll(root: string, withTimes: boolean): string {
  const prints = new Map(Snapshot.take([root]).prints);
  // Locks come and go in these.
  for (const path of [root, join(root, 'clean'), join(root, 'resume_locks')]) prints.delete(path);
  const told = [...prints].map(([path, print]) => [
    path,
    withTimes || print.type !== 'directory' ? print : { ...print, mtimeNs: 0n },
  ]);
  return JSON.stringify(told, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it neither ends nor dies')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
