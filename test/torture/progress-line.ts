/** One line that says how far something is: in place on a terminal, every ten seconds elsewhere. */
export type ProgressLine = {
  readonly show: (text: string) => void;
  /** Something that stays to be read. */
  readonly say: (text: string) => void;
  readonly end: (text?: string) => void;
};

const everyMs = 10_000;

export function openProgressLine(stream: NodeJS.WriteStream, title: string): ProgressLine {
  const startedAtMs = performance.now();
  let last = '';
  let shownAtMs = startedAtMs;
  const seconds = (): string => `${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`;
  const wipe = (): void => {
    if (stream.isTTY) stream.write('\r\u001B[K');
  };
  const show = (text: string): void => {
    last = text;
    if (stream.isTTY)
      stream.write(`\r\u001B[K${`${title}: ${text}, ${seconds()}`.slice(0, stream.columns - 1)}`);
    else if (performance.now() - shownAtMs > everyMs) {
      shownAtMs = performance.now();
      stream.write(`${title}: ${text}, ${seconds()}\n`);
    }
  };
  return {
    show,
    say: (text) => {
      wipe();
      stream.write(`${text}\n`);
      if (stream.isTTY && last !== '') show(last);
    },
    end: (text = last) => {
      wipe();
      stream.write(`${title}: ${text}, ${seconds()}\n`);
    },
  };
}
