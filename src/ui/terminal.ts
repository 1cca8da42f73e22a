import picocolors from 'picocolors';
import { liveLine, type LiveLine } from './live-line.ts';

/** Where text goes, and what each stream can show. stdout and stderr are judged apart (LESSONS 3.5). */
export type Terminal = {
  readonly out: (text: string) => void;
  /** Writes results and waits until the reader has room again; `false`: nobody reads any more. */
  readonly pour: (text: string) => Promise<boolean>;
  readonly err: (text: string) => void;
  readonly outColours: Colours;
  readonly errColours: Colours;
  /** A person can be asked: stdin and stderr are terminals. */
  readonly canAsk: boolean;
  /** When stderr can show a line that is drawn again. Other text takes its place; it comes back below. */
  readonly live: LiveLine | undefined;
  /** What a line on stdout has room for now; without end where nobody counts columns, as in a file. */
  readonly columns: () => number;
};

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Of a stream that is none, `isTTY` is undefined, whatever its type says. */
function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}

export function openTerminal(colour: 'always' | 'never' | 'auto', isDumb: boolean): Terminal {
  const wants = (stream: NodeJS.WriteStream): boolean =>
    colour === 'always' || (colour === 'auto' && isTerminal(stream));
  const live =
    isTerminal(process.stderr) && !isDumb
      ? liveLine(
          (text) => void process.stderr.write(text),
          () => process.stderr.columns || 80,
        )
      : undefined;
  return {
    out: (text) => {
      live?.erase();
      process.stdout.write(text);
    },
    pour: (text) => {
      live?.erase();
      return pour(process.stdout, text);
    },
    err: (text) => {
      live?.erase();
      process.stderr.write(text);
    },
    outColours: picocolors.createColors(wants(process.stdout)),
    errColours: picocolors.createColors(wants(process.stderr)),
    canAsk: isTerminal(process.stdin) && isTerminal(process.stderr),
    live,
    // A terminal that does not know its size says 0.
    columns: () => (isTerminal(process.stdout) ? process.stdout.columns || 80 : Infinity),
  };
}

/** However much is told, no more of it is in memory than the reader leaves in the pipe. */
async function pour(stream: NodeJS.WriteStream, text: string): Promise<boolean> {
  if (!stream.writable) return false;
  if (!stream.write(text)) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const name of ['drain', 'close', 'error']) stream.off(name, done);
        resolve();
      };
      for (const name of ['drain', 'close', 'error']) stream.once(name, done);
    });
  }
  return stream.writable;
}
