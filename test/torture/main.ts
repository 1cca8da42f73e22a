import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runControl, type ControlResult } from './control-run.ts';
import { controls } from './controls.ts';
import { openProgressLine } from './progress-line.ts';
import { isWhole, markdownOf, reportOf, textOf } from './report.ts';
import { runSuite, type SuiteResult } from './runner.ts';
import type { Suite } from './suite.ts';
import { suites } from './suites.ts';

const help = `npm run torture -- [options]

  --suite ID        only this suite; repeatable, or a list with commas. T12 are the controls
  --seeds N         how many trials, instead of the suite's own number
  --from S          the first seed (0)
  --jobs J          child processes that share the seeds (2)
  --first           stop a suite at its first violation
  --keep            keep the directory of a trial that breaks a rule
  --controls        run the controls (T12), those of the suites named if any
  --json FILE       write everything that was found out
  --markdown FILE   write the table of results for the manual
  --list            say what there is
`;

function read() {
  return parseArgs({
    options: {
      suite: { type: 'string', multiple: true, default: [] },
      seeds: { type: 'string' },
      from: { type: 'string', default: '0' },
      jobs: { type: 'string', default: '2' },
      first: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      controls: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

type Values = ReturnType<typeof read>;

function whole(text: string, name: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name} takes a whole number of at least ${least}, not ${text}`);
}

type Chosen = {
  readonly suites: readonly Suite[];
  readonly areControlsWanted: boolean;
  readonly of: ReadonlySet<string>;
};

/** Everything, unless something is named. */
function choose(values: Values): Chosen {
  const named = values.suite.flatMap((list) => list.split(',')).map((id) => id.trim().toUpperCase());
  const known = new Set([...suites.map(({ id }) => id), 'T12']);
  const unknown = named.filter((id) => !known.has(id));
  if (unknown.length > 0)
    throw new Error(`there is no suite ${unknown.join(', ')}: ${[...known].join(', ')}`);
  const of = new Set(named.filter((id) => id !== 'T12'));
  if (values.controls) return { suites: [], areControlsWanted: true, of };
  if (named.length === 0) return { suites, areControlsWanted: true, of };
  return {
    suites: suites.filter(({ id }) => named.includes(id)),
    areControlsWanted: named.includes('T12'),
    of: new Set(),
  };
}

async function runOne(suite: Suite, values: Values): Promise<SuiteResult> {
  const { id } = suite;
  const seeds = values.seeds === undefined ? suite.trials : whole(values.seeds, 'seeds', 1);
  const line = openProgressLine(process.stderr, `${id} ${suite.title}`);
  const result = await runSuite(suite, {
    from: whole(values.from, 'from', 0),
    seeds,
    jobs: whole(values.jobs, 'jobs', 1),
    keep: values.keep,
    stopAtFirst: values.first,
    onTrial: (done, of, violations) =>
      line.show(`${done}/${of} trials, ${violations} violation${violations === 1 ? '' : 's'}`),
    onViolation: ({ seed, rule, detail, kept }) => {
      const where = kept === undefined ? '' : `\n  kept: ${kept}`;
      const again = `npm run torture -- --suite ${id} --from ${seed} --seeds 1 --keep`;
      line.say(`VIOLATION ${id} seed ${seed} ${rule}: ${detail}${where}\n  again: ${again}`);
    },
    onDefect: (defect) => line.say(`DEFECT ${id} ${defect}`),
  });
  line.end(result.leftOut === undefined ? undefined : `left out: ${result.leftOut}`);
  return result;
}

async function runControls(of: ReadonlySet<string>, jobs: number): Promise<ControlResult[]> {
  const results: ControlResult[] = [];
  for (const control of controls) {
    if (of.size > 0 && !of.has(control.suite)) continue;
    const line = openProgressLine(process.stderr, `T12 ${control.name} (${control.suite})`);
    line.show('running');
    const result = await runControl(control, jobs);
    const { outcome, seed, rule, detail } = result;
    line.end(
      outcome === 'caught' ? `caught by seed ${seed}, ${rule}` : `${outcome.toUpperCase()} ${detail ?? ''}`,
    );
    results.push(result);
  }
  return results;
}

async function main(): Promise<number> {
  const values = read();
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.list) {
    for (const { id, title, trials, slice } of suites)
      process.stdout.write(`${id}  ${title} (${trials} trials, ${slice} of them in npm test)\n`);
    process.stdout.write(`T12  controls: one safeguard off, and caught (${controls.length})\n`);
    for (const { name, suite } of controls) process.stdout.write(`     ${suite}: ${name}\n`);
    return 0;
  }
  const chosen = choose(values);
  const results: SuiteResult[] = [];
  for (const suite of chosen.suites) results.push(await runOne(suite, values));
  const controlled = chosen.areControlsWanted
    ? await runControls(chosen.of, whole(values.jobs, 'jobs', 1))
    : [];
  const report = reportOf(results, controlled, Date.now());
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (values.markdown !== undefined) writeFileSync(values.markdown, markdownOf(report));
  process.stdout.write(textOf(report));
  return isWhole(report) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n\n${help}`);
  process.exitCode = 2;
}
