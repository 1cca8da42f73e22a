import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clean, project, type Shop } from '../e2e/shop.ts';
import { homeIn } from '../helpers/prodigy-home.ts';
import { canMount } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { differences, fingerprint } from '../helpers/tree.ts';
import { readJournal } from './checker-journal.ts';
import { seeded } from './random.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';
import type { SwapPlan } from './swap-child.ts';

const child = fileURLToPath(new URL('swap-child.js', import.meta.url));
const items = 24;

/** Names change hands while a real run removes: whoever is led astray touches a decoy. */
export const suite: Suite = {
  id: 'T13S',
  title: 'items, parents and ancestors swapped for links, other things and mounts during a removal',
  trials: 30,
  slice: 1,
  hindrance: possible,
  trial,
};

type Target = SwapPlan['targets'][number];

async function trial(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const home = await homeIn(join(directory, 'home'), { seed });
  const shop: Shop = { home, top: directory, repository: join(directory, 'src', 'shop') };
  await project(shop.repository, home);
  const [decoys, aside, precious] = ['decoys', 'aside', 'precious'].map((name) => {
    mkdirSync(join(directory, name));
    return join(directory, name);
  }) as [string, string, string];
  const targets: Target[] = [];
  let made = 0;
  for (let index = 0; index < items; index += 1) {
    const event = await eventDirectory(home, {
      repository: 'shop',
      startedAgo: `${60 + index}d`,
      records: 20,
    });
    const log = await claudeLog(home, { startedAgo: `${60 + index}d`, cwd: shop.repository });
    targets.push(decoyFor(event.path, 'directory'), decoyFor(log, 'file'));
  }
  // What holds them: a link there leads every name in it to its decoy.
  // Not the program's own places: those are private to it.
  for (const path of ['events', 'events/shop', 'logs', 'logs/claude-streaming']) {
    const at = join(home.root, path);
    mkdirSync(at, { recursive: true });
    const decoy = join(decoys, path);
    mkdirSync(decoy, { recursive: true });
    targets.push({ path: at, decoy });
  }

  function decoyFor(path: string, type: 'directory' | 'file'): Target {
    const decoy = join(decoys, path.slice(home.root.length + 1));
    const lookalike = join(precious, String((made += 1)));
    for (const at of [decoy, lookalike]) {
      mkdirSync(type === 'directory' ? at : dirname(at), { recursive: true });
      for (const name of type === 'directory' ? readdirSync(path) : ['']) {
        writeFileSync(join(at, name), `precious ${at} ${name}\n`);
      }
    }
    return { path, decoy, precious: lookalike };
  }

  const before = fingerprint(decoys);
  const preciousBefore = contentsOf(precious);
  const plan: SwapPlan = { seed, stop: join(directory, 'stop'), aside, targets, mayMount: canMount() };
  const planPath = join(directory, 'plan.json');
  writeFileSync(planPath, JSON.stringify(plan));
  const racer = spawn(process.execPath, [child, planPath], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  racer.stdout.on('data', (text: Buffer) => (said += text.toString()));
  const ended = new Promise((resolve) => racer.once('close', resolve));
  const violations: Violation[] = [];
  let removed = 0;
  try {
    while (!existsSync(`${plan.stop}.ready`)) await sleep(5);
    for (let round = 0; round < 3; round += 1) {
      const undo = random.chance(0.7) ? ['--no-undo'] : [];
      const ran = await clean(shop, [
        '--events',
        '--logs',
        '--all-repos',
        '--older-than',
        '30d',
        '--force',
        ...undo,
      ]);
      // A run may find that nothing is as it was; it must not break.
      if (ran.exitCode === null || ran.exitCode === 70)
        violations.push({ rule: 'defect', detail: ran.stdout + ran.stderr });
    }
  } finally {
    writeFileSync(plan.stop, '');
    await ended;
  }
  for (const line of differences(before, fingerprint(decoys))) {
    violations.push({ rule: 'J6', detail: `a decoy was touched: ${line}` });
  }
  const now = contentsOf(directory);
  for (const content of preciousBefore) {
    if (!now.has(content))
      violations.push({ rule: 'J5', detail: `what took a name for a moment is gone: ${content}` });
  }
  const { entries, violations: wrong } = await readJournal(join(home.root, 'clean', 'journal'));
  violations.push(...wrong);
  removed = entries.filter(({ event }) => event.type === 'ItemRemoved').length;
  const { swaps, mounts } = JSON.parse(said) as { swaps: number; mounts: number };
  return { violations, counts: { rounds: swaps + mounts, mounts, removed } };
}

/** The words in all files of what may take a place, wherever they are now. */
function contentsOf(directory: string): ReadonlySet<string> {
  return new Set(
    [...fingerprint(directory, { except: ['decoys', 'src', 'home/.prodigy/clean/journal'] })]
      .filter(([, { type, size }]) => type === 'file' && size < 1_000)
      .map(([, { content }]) => content),
  );
}
