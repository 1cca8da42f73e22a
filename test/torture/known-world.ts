import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { real } from './interpose.ts';
import type { Thing } from './small-storage.ts';
import type { Violation } from './suite.ts';

/** What a path holds, to the last byte and nanosecond; `undefined` when nothing has that name. */
export function printOf(path: string): string | undefined {
  const stats = real.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const hash = createHash('sha256');
  const visit = (at: string, name: string): void => {
    const { mode, mtimeNs } = real.lstatSync(at, { bigint: true });
    hash.update(`${name} ${mode} ${mtimeNs}\n`);
    if ((mode & 0o170000n) === 0o040000n) {
      for (const child of real.readdirSync(at).toSorted()) visit(join(at, child), `${name}/${child}`);
    } else if ((mode & 0o170000n) === 0o120000n) hash.update(real.readlinkSync(at));
    else hash.update(real.readFileSync(at));
  };
  visit(path, basename(path));
  return hash.digest('hex');
}

/** Why a path may not be changed. */
export type Why =
  | 'it stays'
  | 'written to'
  | 'a part of it was replaced'
  | 'made anew by somebody else'
  | 'its session is at work'
  | 'the lock of a live process'
  | 'in use'
  | 'a stranger in quarantine';

const passing: ReadonlySet<Why> = new Set([
  'written to',
  'a part of it was replaced',
  'made anew by somebody else',
]);

type Untouchable = { readonly print: string; readonly why: Why };

export type Part = {
  readonly path: string;
  readonly thing: Thing;
  readonly ino: bigint;
  readonly print: string;
  /** A copy aside, to make newcomers of. */
  readonly copy: string;
};

/**
 * What is true of the storage whatever the product does: kept by whoever changes the world, compared at the end with
 * what is there.
 */
export class KnownWorld {
  readonly things: readonly Thing[];
  readonly parts: readonly Part[];
  /** Paths that nobody may change any more, with what they hold. */
  readonly untouchable: Map<string, Untouchable> = new Map();
  /** Paths that somebody else had to do with. */
  readonly changed: Set<string> = new Set();
  /** Parts that somebody else took away: the product is excused. */
  readonly taken: Set<string> = new Set();
  readonly notes: string[] = [];

  constructor(things: readonly Thing[], copies: string) {
    this.things = things;
    real.mkdirSync(copies, { recursive: true });
    this.parts = things.flatMap((thing) =>
      thing.parts.map((path, index): Part => {
        const copy = join(copies, `${things.indexOf(thing)}.${index}`);
        real.cpSync(path, copy, { recursive: true, preserveTimestamps: true });
        const { ino } = real.lstatSync(path, { bigint: true });
        return { path, thing, ino, print: printOf(path) ?? '', copy };
      }),
    );
    for (const { path, thing } of this.parts) if (!thing.goes) this.protect(path, 'it stays');
  }

  partsOf(thing: Thing): readonly Part[] {
    return this.parts.filter((part) => part.thing === thing);
  }

  isInPlace({ path, ino }: Pick<Part, 'path' | 'ino'>): boolean {
    return real.lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino === ino;
  }

  isWhole(thing: Thing): boolean {
    return this.partsOf(thing).every((part) => this.isInPlace(part));
  }

  protect(path: string, why: Why, print: string | undefined = printOf(path)): void {
    if (print === undefined) return;
    this.untouchable.set(path, { print, why });
    if (why !== 'it stays') this.changed.add(path);
  }

  /**
   * A new run looks at everything anew and has its own consent: what is finished and old goes, written to or not. What
   * is alive or somebody's own is as safe as before.
   */
  newConsent(): void {
    for (const [path, { why }] of this.untouchable) if (passing.has(why)) this.untouchable.delete(path);
  }

  take(path: string): void {
    this.taken.add(path);
    this.changed.add(path);
  }

  /**
   * From now on the thing must stay, or come back whole if some of it has been moved. What was moved altogether is the
   * quarantine's.
   */
  protectThing(thing: Thing, why: Why): void {
    const parts = this.partsOf(thing);
    if (!parts.some((part) => this.isInPlace(part))) return;
    for (const part of parts) {
      if (this.taken.has(part.path)) continue;
      if (this.isInPlace(part)) this.protect(part.path, why);
      else if (!real.existsSync(part.path)) this.protect(part.path, why, part.print);
    }
  }

  violations(): Violation[] {
    return [...this.untouchable].flatMap(([path, { print, why }]) => {
      const now = printOf(path);
      if (now === print) return [];
      const what = now === undefined ? 'gone' : 'altered';
      return [{ rule: 'J5', detail: `${what}: ${path} (${why})` }];
    });
  }
}
