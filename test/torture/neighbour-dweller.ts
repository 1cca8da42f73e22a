import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { worktreeOf } from '../e2e/shop.ts';
import type { Entered, Stage } from './neighbour-stage.ts';

/** Somebody who works inside something that would go, or reads a file of it. */
export async function dwell(
  { cast, random, kind, violations, spared, counts }: Stage,
  isFirst: boolean,
): Promise<Entered> {
  const id = random.pick(cast.finished);
  const place = kind === 'dweller' ? worktreeOf(cast.shop, id) : cast.events;
  const child = kind === 'dweller' ? standIn(place) : openIn(place);
  const isIn = child !== undefined && (await isAlive(child));
  if (kind === 'dweller') spared.add(id);
  return {
    leave: async (told) => {
      if (child === undefined || !isIn) return;
      counts['inside'] = 1;
      const link = kind === 'dweller' ? 'cwd' : 'fd/3';
      const at = readlinkSync(`/proc/${child.pid}/${link}`);
      if (at !== place && !at.startsWith(`${place}/`)) {
        violations.push({ rule: 'P11', detail: `${kind} in ${place} is now in ${at}` });
      }
      const item = told?.items.find(({ path }) => path === place);
      const evidence = JSON.stringify(item?.evidence ?? {});
      if (isFirst && !evidence.includes(String(child.pid))) {
        const detail = `nobody says that ${child.pid} is in ${place}: ${item?.reason} ${evidence}`;
        violations.push({ rule: 'P11', detail });
      }
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function standIn(place: string): ChildProcess | undefined {
  return existsSync(place) ? spawn('sleep', ['120'], { cwd: place, stdio: 'ignore' }) : undefined;
}

function openIn(place: string): ChildProcess | undefined {
  try {
    const [name = ''] = readdirSync(place);
    const file = openSync(join(place, name), 'r');
    const child = spawn('sleep', ['120'], { cwd: '/', stdio: ['ignore', 'ignore', 'ignore', file] });
    closeSync(file);
    return child;
  } catch {
    return undefined;
  }
}

async function isAlive(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
}
