import type { Kind } from '../model/kind.ts';
import { formatBytes } from './format.ts';
import { paceText, type Pace } from './pace.ts';
import type { Terminal } from './terminal.ts';

/** Of one kind: how many of how many are done, and their bytes. */
export type Done = {
  readonly kind: Kind;
  readonly items: number;
  readonly ofItems: number;
  readonly bytes: number;
};

/** Progress on stderr, in the words of DESIGN 7: nothing in the first second, then never silent for long. */
export type Progress = {
  readonly scanning: (kind: Kind, found: number) => void;
  /** Says what is being done when there is nothing to count. */
  readonly doing: (what: string) => void;
  /** Its pace is measured from the first call on. */
  readonly cleaning: (done: Done, pace: Pace) => void;
  /** Erases the live line, so that other text can be printed; a later call draws it again. */
  readonly pause: () => void;
  readonly stop: () => void;
};

const liveEveryMs = 100;
const plainEveryMs = 3_000;
const silentForMs = 1_000;

export function openProgress(terminal: Pick<Terminal, 'err' | 'live'>, isQuiet: boolean): Progress {
  // Made when it is drawn: time passes while the counts stay.
  let line: ((nowMs: number) => string) | undefined;
  const startedAt = performance.now();
  let lastAt = -Infinity;
  let cleaningSince: number | undefined;

  function draw(): void {
    const now = performance.now();
    if (line === undefined || now - startedAt < silentForMs) return;
    if (terminal.live !== undefined) {
      terminal.live.draw(line(now));
    } else if (now - lastAt >= plainEveryMs) {
      terminal.err(`${line(now)}\n`);
      lastAt = now;
    }
  }

  const timer = isQuiet ? undefined : setInterval(draw, liveEveryMs);
  timer?.unref();
  // Or the timer would draw it over the question that is asked next.
  const pause = (): void => {
    line = undefined;
    terminal.live?.erase();
  };
  return {
    scanning: (kind, found) => {
      line = () => `Scanning ${kind}... (${found} found)`;
    },
    doing: (what) => {
      line = () => `${what}...`;
    },
    cleaning: (done, pace) => {
      const since = (cleaningSince ??= performance.now());
      line = (now) => [cleaningText(done), ...paceText(pace, now - since)].join(', ');
    },
    pause,
    stop: () => {
      if (timer !== undefined) clearInterval(timer);
      pause();
    },
  };
}

function cleaningText({ kind, items, ofItems, bytes }: Done): string {
  const percent = ofItems === 0 ? 100 : Math.floor((items / ofItems) * 100);
  return `Cleaning ${kind}... (${items}/${ofItems}) ${percent}%, ${formatBytes(bytes)}`;
}
