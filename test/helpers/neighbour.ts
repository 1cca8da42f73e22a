import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { prodigyEnvironment } from './run-prodigy.ts';
import type { Part, Said } from './stand-in-prodigy-process.ts';

/** A stand-in for Prodigy at work in a process of its own. */
export type Neighbour = {
  readonly child: ChildProcess;
  /** What it said when it began: at work, or refused. */
  readonly began: Said;
  /** Tells it to end, and waits for what it says then. */
  readonly end: () => Promise<Said>;
};

/** Starts one, and waits until it is at work or was refused. */
export async function startNeighbour(home: string, part: Part): Promise<Neighbour> {
  const script = fileURLToPath(new URL('./stand-in-prodigy-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(part)], {
    cwd: part.repository,
    env: prodigyEnvironment(home),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Said> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the stand-in ended without a word: ${stderr}`);
    return JSON.parse(line.value) as Said;
  };
  const began = await next();
  return {
    child,
    began,
    end: () => {
      child.stdin.end();
      return began.type === 'refused' ? Promise.resolve(began) : next();
    },
  };
}
