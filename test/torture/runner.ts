import { fork, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Suite, Violation } from './suite.ts';
import type { Order, Report } from './worker-process.ts';

/** A rule that did not hold, with the seed that shows it again. */
export type Found = Violation & { readonly seed: number; readonly kept?: string };

/** What came of one suite. `defects` are the proving ground's own: they prove nothing, and are no success either. */
export type SuiteResult = {
  readonly id: string;
  readonly title: string;
  readonly from: number;
  readonly trials: number;
  readonly violations: readonly Found[];
  readonly defects: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly leftOut?: string;
};

export type RunnerOptions = {
  readonly from: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly keep: boolean;
  /** No further trial begins after the first violation. */
  readonly stopAtFirst: boolean;
  readonly onTrial: (done: number, of: number, violations: number) => void;
  readonly onViolation: (found: Found) => void;
  readonly onDefect: (defect: string) => void;
};

/** A trial that takes longer hangs. */
const patienceMs = 30 * 60_000;

/** Makes the trials of a suite in child processes that share the seeds, each taking the next when it is free. */
export async function runSuite(suite: Suite, options: RunnerOptions): Promise<SuiteResult> {
  const { id, title } = suite;
  const startedAtMs = performance.now();
  const violations: Found[] = [];
  const defects: string[] = [];
  const counts: Record<string, number> = {};
  let trials = 0;
  const result = (leftOut?: string): SuiteResult => ({
    id,
    title,
    from: options.from,
    trials,
    violations: violations.toSorted((a, b) => a.seed - b.seed),
    defects,
    counts,
    seconds: (performance.now() - startedAtMs) / 1000,
    ...(leftOut === undefined ? {} : { leftOut }),
  });
  const defect = (text: string): void => {
    defects.push(text);
    options.onDefect(text);
  };

  const hindrance = await suite.hindrance().catch((cause: unknown) => {
    defect(`it cannot be told whether it can run: ${String(cause)}`);
    return undefined;
  });
  if (hindrance !== undefined) return result(hindrance);

  let next = options.from;
  const end = options.from + options.seeds;
  const isOver = (): boolean =>
    next >= end || defects.length > mostDefects || (options.stopAtFirst && violations.length > 0);
  const take = (report: Report): void => {
    if ('closed' in report) {
      if (report.defect !== undefined) defect(`at the end: ${report.defect}`);
      return;
    }
    trials += 1;
    const { seed, kept } = report;
    if ('defect' in report) defect(`seed ${seed}: ${report.defect}${kept === undefined ? '' : ` (${kept})`}`);
    else {
      for (const [name, count] of Object.entries(report.trial.counts))
        counts[name] = (counts[name] ?? 0) + count;
      for (const violation of report.trial.violations) {
        const found = { ...violation, seed, ...(kept === undefined ? {} : { kept }) };
        violations.push(found);
        options.onViolation(found);
      }
    }
    options.onTrial(trials, options.seeds, violations.length);
  };
  const work = async (): Promise<void> => {
    while (!isOver()) {
      await serve(id, () => (isOver() ? undefined : next++), take, options.keep);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, options.seeds) }, work));
  return result();
}

/** A suite that fails by itself again and again has nothing to tell any more. */
const mostDefects = 10;

/** One child process and its trials, until there is no seed or it dies: then the trial at hand is a defect. */
function serve(
  id: string,
  nextSeed: () => number | undefined,
  take: (report: Report) => void,
  keep: boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const child = fork(join(dirname(fileURLToPath(import.meta.url)), 'worker-process.js'), [id], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    let seed: number | undefined;
    let isClosed = false;
    const watch = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    const go = (): void => {
      watch.refresh();
      seed = nextSeed();
      order(child, seed === undefined ? { end: true } : { seed, keep });
    };
    child.on('message', (report: Report) => {
      take(report);
      if ('closed' in report) isClosed = true;
      else go();
    });
    child.on('close', (code, signal) => {
      clearTimeout(watch);
      const how = signal ?? `exit ${code}`;
      if (seed !== undefined) take({ seed, defect: `its process ended (${how}) ${stderr}` });
      else if (!isClosed) take({ closed: true, defect: `its process ended (${how}) ${stderr}` });
      resolve();
    });
    go();
  });
}

function order(child: ChildProcess, what: Order): void {
  // A child that is gone is seen by its end.
  child.send(what, () => undefined);
}
