import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('journal-process.js', import.meta.url));

export type Spawned = {
  readonly child: ChildProcess;
  /** Lines it has written so far. */
  readonly lines: readonly string[];
  /** Resolves at the next line, or at the end. */
  nextLine(): Promise<void>;
  readonly ended: Promise<void>;
};

/** Runs `journal-process.ts`. */
export function spawnJournal(...args: readonly string[]): Spawned {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  let wake = (): void => undefined;
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    reader.on('close', () => {
      resolve();
      wake();
    });
  });
  return {
    child,
    lines,
    ended,
    nextLine: () => {
      const count = lines.length;
      return new Promise<void>((resolve) => {
        wake = () => {
          if (lines.length > count || child.exitCode !== null || child.signalCode !== null) resolve();
        };
        void ended.then(resolve);
      });
    },
  };
}
