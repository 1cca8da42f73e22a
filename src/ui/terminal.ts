import picocolors from 'picocolors';

/** Where text goes, and what each stream can show. stdout and stderr are judged apart (LESSONS 3.5). */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outColours: Colours;
  readonly errColours: Colours;
  /** A person can be asked: stdin and stderr are terminals. */
  readonly canAsk: boolean;
  /** stderr can show a line that is drawn again. */
  readonly isLive: boolean;
  readonly columns: number;
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
    err: (text) => void process.stderr.write(text),
    outColours: picocolors.createColors(wants(process.stdout)),
    errColours: picocolors.createColors(wants(process.stderr)),
    canAsk: isTerminal(process.stdin) && isTerminal(process.stderr),
    isLive: isTerminal(process.stderr) && !isDumb,
    columns: process.stdout.columns ?? 80,
  };
}
