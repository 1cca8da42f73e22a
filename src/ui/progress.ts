import type { Kind } from '../model/kind.ts';
import { formatBytes } from './format.ts';
import type { Terminal } from './terminal.ts';

/** Progress on stderr, in the words of DESIGN 7: nothing in the first second, then never silent for long. */
export type Progress = {
  readonly scanning: (kind: Kind, found: number) => void;
  /** Says what is being done when there is nothing to count. */
  readonly doing: (what: string) => void;
  readonly cleaning: (kind: Kind, done: number, total: number, bytes: number) => void;
  /** Erases the live line, so that other text can be printed; a later call draws it again. */
  readonly pause: () => void;
  readonly stop: () => void;
};

const liveEveryMs = 100;
const plainEveryMs = 1_000;
const silentForMs = 1_000;

export function openProgress(terminal: Terminal, isQuiet: boolean): Progress {
  let line: string | undefined;
  let shown = '';
  const startedAt = performance.now();
  let lastAt = startedAt;

  function draw(): void {
    const now = performance.now();
    if (line === undefined || now - startedAt < silentForMs) return;
    if (terminal.isLive) {
      if (line === shown) return;
      terminal.err(`\r\u001b[2K${line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))}`);
    } else {
      if (now - lastAt < plainEveryMs) return;
      terminal.err(`${line}\n`);
    }
    lastAt = now;
    shown = line;
  }

  function erase(): void {
    if (terminal.isLive && shown !== '') terminal.err('\r\u001b[2K');
    shown = '';
  }

  const timer = isQuiet ? undefined : setInterval(draw, liveEveryMs);
  timer?.unref();
  return {
    scanning: (kind, found) => {
      line = `Scanning ${kind}... (${found} found)`;
    },
    doing: (what) => {
      line = `${what}...`;
    },
    cleaning: (kind, done, total, bytes) => {
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
      line = `Cleaning ${kind}... (${done}/${total}) ${percent}%  ${formatBytes(bytes)}`;
    },
    pause: () => {
      // Or the timer would draw it over the question that is asked next.
      line = undefined;
      erase();
    },
    stop: () => {
      if (timer !== undefined) clearInterval(timer);
      line = undefined;
      erase();
    },
  };
}
