import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What starting costs, command by command: the median time of processor and wall against that of `node -e 0`, and the
 * modules that were loaded. The storage is empty: what is measured is the program, not its work.
 *
 *     npm run bench:imports [-- RUNS]
 */
const runs = Number(process.argv[2] ?? 15);
const binary = fileURLToPath(new URL('../../bin/prodigy.cjs', import.meta.url));

const commands = [
  ['clean', '--version'],
  ['clean', '--help'],
  ['clean', 'log', '--help'],
  ['clean', '__complete', 'zsh', 'clean', 'log', '--k'],
  ['clean', '__complete', 'zsh', 'clean', 'resume', ''],
  ['clean', 'log', '--limit', '20'],
  ['clean', 'why', 'nothing'],
  ['clean', 'undo', '--list'],
  ['clean', 'resume'],
  ['clean', '--all-repos'],
  ['clean', '--all', '--all-repos', '--dry-run'],
];

type Row = {
  readonly args: readonly string[];
  readonly cpuMs: number[];
  readonly wallMs: number[];
  readonly loaded: Set<string>;
};

/** Told by the process itself at its end. */
const timing = `
process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  require('node:fs').writeFileSync(process.env.TELL, String((userCPUTime + systemCPUTime) / 1000));
});`;

/** A run of its own, because it costs: ES modules are told by a hook, those of CommonJS by their cache. */
const counting = `
const { appendFileSync } = require('node:fs');
const { register, _cache } = require('node:module');
const hook = \`
import { appendFileSync } from 'node:fs';
export const load = (url, context, next) => (appendFileSync(process.env.TELL, url + ' '), next(url, context));\`;
register('data:text/javascript,' + encodeURIComponent(hook));
process.on('exit', () => {
  for (const path of Object.keys(_cache)) appendFileSync(process.env.TELL, 'file://' + path + ' ');
});`;

const top = mkdtempSync(join(tmpdir(), 'prodigy-imports-'));
try {
  const [timer, counter] = [join(top, 'timing.cjs'), join(top, 'counting.cjs')];
  writeFileSync(timer, timing);
  writeFileSync(counter, counting);
  mkdirSync(join(top, '.prodigy', 'sessions'), { recursive: true });
  const rows = [['-e', '0'], ...commands.map((args) => [binary, ...args])].map((args): Row => ({
    args,
    cpuMs: [],
    wallMs: [],
    loaded: new Set(),
  }));
  // By turns, so that whatever else the machine does befalls all of them.
  for (let run = 0; run < runs; run += 1) {
    for (const { args, cpuMs, wallMs } of rows) {
      const startedAtMs = performance.now();
      cpuMs.push(Number(await told(args, timer)));
      wallMs.push(performance.now() - startedAtMs);
    }
  }
  for (const { args, loaded } of rows) {
    for (const url of (await told(args, counter)).split(' ')) if (url.startsWith('file:')) loaded.add(url);
  }
  report(rows);
} finally {
  rmSync(top, { recursive: true });
}

/** What the preloaded script wrote. */
async function told(args: readonly string[], preload: string): Promise<string> {
  const tell = join(top, 'told');
  writeFileSync(tell, '');
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', preload, ...args], {
      cwd: top,
      env: { HOME: top, PATH: process.env['PATH'], TZ: 'UTC', TELL: tell },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.resume();
    child.stderr.resume();
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return readFileSync(tell, 'utf8');
}

function report(rows: readonly Row[]): void {
  const [base] = rows;
  const [baseCpu, baseWall] = [median(base?.cpuMs ?? []), median(base?.wallMs ?? [])];
  process.stdout.write(
    `node ${process.version}, medians of ${runs}, against node -e 0 (cpu ${baseCpu.toFixed(0)} ms)\n`,
  );
  process.stdout.write('cpu    wall   ours  theirs  what\n');
  for (const { args, cpuMs, wallMs, loaded } of rows) {
    const files = [...loaded].filter((url) => !url.startsWith(`file://${top}`));
    const theirs = files.filter((url) => url.includes('/node_modules/'));
    const figures = [
      (median(cpuMs) / baseCpu).toFixed(2).padEnd(5),
      (median(wallMs) / baseWall).toFixed(2).padEnd(5),
      String(files.length - theirs.length).padStart(4),
      String(theirs.length).padStart(6),
    ];
    const name = args[0] === binary ? `prodigy ${args.slice(1).join(' ')}` : 'node -e 0';
    process.stdout.write(`${figures.join('  ')}  ${name}${heaviest(theirs)}\n`);
  }
}

/** The packages that bring the most modules. */
function heaviest(urls: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const url of urls) {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(dirname(url))?.[1];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4);
  return most.length === 0 ? '' : `  [${most.map(([name, count]) => `${name} ${count}`).join(', ')}]`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
