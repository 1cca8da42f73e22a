import type { Contender, Row, Sample } from './row.ts';
import type { Stage } from './stage.ts';
import { summaryOf, type Summary } from './statistics.ts';
import { judge, type Judged } from './target.ts';

export type Result = {
  readonly name: string;
  readonly title: string;
  readonly work: string;
  readonly contenders: readonly Measured[];
  readonly targets: readonly Judged[];
  /** A run that did not do its work: then there is no time and no verdict. */
  readonly error?: string;
  readonly seconds: number;
};

export type Measured = {
  readonly name: string;
  readonly absent?: string;
  readonly ms?: Summary;
  readonly peakBytes?: Summary;
  readonly cpuMs?: Summary;
  readonly counts?: Readonly<Record<string, Summary>>;
};

/**
 * Measures one work in `rounds` rounds. In each, every contender has its turn, and the one that begins changes: what
 * else goes on in the machine meets all of them alike.
 */
export async function measureRow(
  row: Row,
  stage: Stage,
  rounds: number,
  onRun: (done: number, of: number, who: string) => void = () => undefined,
): Promise<Result> {
  const startedAtMs = performance.now();
  const samples = new Map<string, Sample[]>();
  const failures = new Map<string, string>();
  let contenders: readonly Contender[] = [];
  let error: string | undefined;
  try {
    contenders = await row.contenders(stage);
    const times = rounds * (row.roundsFactor ?? 1);
    const turns = turnsOf(contenders, times);
    for (const [index, contender] of turns.entries()) {
      const { name, mayFail = false } = contender;
      if (failures.has(name)) continue;
      onRun(index, turns.length, name);
      const own = samples.get(name) ?? [];
      try {
        own.push(figuresOf(await contender.run(own.length)));
        samples.set(name, own);
      } catch (cause) {
        if (!mayFail) throw cause;
        failures.set(name, messageOf(cause));
        samples.delete(name);
        await stage.clear();
      }
    }
  } catch (cause) {
    error = messageOf(cause);
  } finally {
    await stage.clear();
  }
  return {
    name: row.name,
    title: row.title,
    work: row.work(stage.scale),
    seconds: (performance.now() - startedAtMs) / 1_000,
    contenders: contenders.map((contender) => {
      const failure = failures.get(contender.name);
      if (failure !== undefined) return { name: contender.name, absent: failure };
      return measuredOf(contender, samples.get(contender.name) ?? []);
    }),
    ...(error === undefined
      ? { targets: row.targets.map((target) => judge(target, samples)) }
      : { error, targets: [] }),
  };
}

/** Who runs when: all that can take part, round after round, each beginning in its turn. */
export function turnsOf(contenders: readonly Contender[], rounds: number): readonly Contender[] {
  const present = contenders.filter(({ absent }) => absent === undefined);
  return Array.from({ length: rounds }, (_, round) => {
    const taking = present.filter(({ share = 1 }) => round < Math.max(1, Math.ceil(rounds * share)));
    const first = round % Math.max(1, taking.length);
    return [...taking.slice(first), ...taking.slice(0, first)];
  }).flat();
}

/** Without what a process printed, which can be long. */
function figuresOf({ ms, peakBytes, cpuMs, counts }: Sample): Sample {
  return {
    ms,
    ...(peakBytes === undefined ? {} : { peakBytes }),
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(counts === undefined ? {} : { counts }),
  };
}

function measuredOf({ name, absent }: Contender, samples: readonly Sample[]): Measured {
  if (absent !== undefined) return { name, absent };
  if (samples.length === 0) return { name };
  const peaks = samples.map(({ peakBytes }) => peakBytes).filter((peak) => peak !== undefined);
  const cpus = samples.map(({ cpuMs }) => cpuMs).filter((cpu) => cpu !== undefined);
  const names = Object.keys(samples[0]?.counts ?? {});
  return {
    name,
    ms: summaryOf(samples.map(({ ms }) => ms)),
    ...(peaks.length === 0 ? {} : { peakBytes: summaryOf(peaks) }),
    ...(cpus.length === 0 ? {} : { cpuMs: summaryOf(cpus) }),
    ...(names.length === 0
      ? {}
      : {
          counts: Object.fromEntries(
            names.map((count) => [count, summaryOf(samples.map(({ counts }) => counts?.[count] ?? 0))]),
          ),
        }),
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
