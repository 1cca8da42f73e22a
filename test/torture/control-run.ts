import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import type { Control, Patch } from './control.ts';
import type { TortureReport } from './report.ts';

/** `broken`: the control itself, or the suite with it, could not be run as meant. */
export type ControlResult = {
  readonly name: string;
  readonly suite: string;
  readonly outcome: 'caught' | 'not-caught' | 'broken' | 'left-out';
  readonly seed?: number;
  readonly rule?: string;
  readonly detail?: string;
  readonly seconds: number;
};

/** A copy of the build with the safeguard off: inside the checkout, where the modules it imports are found. */
export type BrokenBuild = Disposable & {
  /** What stands in for the checkout. */
  readonly top: string;
  /** Why the control itself is broken. */
  readonly problem: string | undefined;
};

export function brokenBuild(control: Pick<Control, 'patch'>): BrokenBuild {
  const checkout = repositoryTop();
  mkdirSync(join(checkout, '.torture'), { recursive: true });
  const top = mkdtempSync(join(checkout, '.torture', 'control-'));
  const preloads = ['test/helpers/preload.cjs', 'test/torture/step-preload.cjs'];
  for (const part of ['bin', 'package.json', 'build', ...preloads]) {
    const filter = (path: string): boolean => !/\.d\.ts$|tsbuildinfo$/.test(path);
    cpSync(join(checkout, part), join(top, part), { recursive: true, filter });
  }
  const patches = 'file' in control.patch ? [control.patch] : control.patch;
  const [problem] = patches.flatMap((patch) => apply(patch, join(top, 'build')) ?? []);
  return {
    top,
    problem,
    [Symbol.dispose]: () => rmSync(top, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Runs the suite of a control against a build with the safeguard off, until the first violation. */
export async function runControl(control: Control, jobs: number): Promise<ControlResult> {
  const startedAtMs = performance.now();
  const { name, suite } = control;
  const result = (rest: Omit<ControlResult, 'name' | 'suite' | 'seconds'>): ControlResult => ({
    name,
    suite,
    ...rest,
    seconds: (performance.now() - startedAtMs) / 1000,
  });
  using build = brokenBuild(control);
  if (build.problem !== undefined) return result({ outcome: 'broken', detail: build.problem });
  const json = join(build.top, 'report.json');
  const limits = ['--seeds', `${control.seeds}`, '--jobs', `${jobs}`];
  const { stderr } = await runTorture(build.top, ['--suite', suite, ...limits, '--first', '--json', json]);
  if (!existsSync(json)) return result({ outcome: 'broken', detail: `no report: ${stderr}` });
  const report = JSON.parse(readFileSync(json, 'utf8')) as TortureReport;
  const [ran] = report.suites;
  if (ran?.leftOut !== undefined) return result({ outcome: 'left-out', detail: ran.leftOut });
  const [first] = ran?.violations ?? [];
  if (first !== undefined) {
    const { seed, rule, detail } = first;
    return result({ outcome: 'caught', seed, rule, detail });
  }
  const [defect] = ran?.defects ?? [`no such suite: ${suite}`];
  return result(defect === undefined ? { outcome: 'not-caught' } : { outcome: 'broken', detail: defect });
}

/** Why the patch does not apply; `undefined` when it did. */
export function apply({ file, find, replace }: Patch, build: string): string | undefined {
  const path = join(build, file);
  if (!existsSync(path)) return `${file} is not in build/`;
  const text = readFileSync(path, 'utf8');
  const matches = text.split(find).length - 1;
  if (matches !== 1) return `in ${file} the safeguard is found ${matches} times, not once: ${find}`;
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return undefined;
}

export type Tortured = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

/** `npm run torture` of the checkout, or of what stands in for it. */
export function runTorture(top: string, args: readonly string[]): Promise<Tortured> {
  // What a broken product covers says nothing of the tests.
  const environment = top === repositoryTop() ? process.env : { ...process.env, NODE_V8_COVERAGE: undefined };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(top, 'build', 'test', 'torture', 'main.js'), ...args], {
      cwd: top,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
