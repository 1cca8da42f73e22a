import picocolors from 'picocolors';

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
  /** stderr can show a line that is drawn again. */
  readonly isLive: boolean;
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
  return {
    out: (text) => void process.stdout.write(text),
    pour: (text) => pour(process.stdout, text),
    err: (text) => void process.stderr.write(text),
    outColours: picocolors.createColors(wants(process.stdout)),
    errColours: picocolors.createColors(wants(process.stderr)),
    canAsk: isTerminal(process.stdin) && isTerminal(process.stderr),
    isLive: isTerminal(process.stderr) && !isDumb,
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
