import { hostname, userInfo } from 'node:os';
import type { DemoStorage } from '../demo/storage.ts';
import { runProdigy, type Ran } from '../helpers/run-prodigy.ts';

type Showing = {
  /** Of neighbouring lines that match the same of these, the first `keep` are shown, and an ellipsis. */
  readonly shorten?: readonly RegExp[];
  readonly keep?: number;
  /** The first line shown; what is before it becomes an ellipsis. */
  readonly from?: RegExp;
  /** The last line shown. */
  readonly to?: RegExp;
  readonly stream?: 'stdout' | 'stderr';
  /** As it is typed, where that is more than the arguments. */
  readonly typed?: string;
};

/** Where the commands of the book are played: the storage of the demo, and a reader called Ada. */
export class Stage {
  readonly shown: Map<string, string> = new Map();
  readonly storage: DemoStorage;
  readonly #directory: string;

  constructor(directory: string, storage: DemoStorage) {
    this.#directory = directory;
    this.storage = storage;
  }

  run(args: readonly string[]): Promise<Ran> {
    return runProdigy(this.storage, args, { cwd: this.storage.repository, env: { COLUMNS: '110' } });
  }

  /** Runs it, and keeps what the reader sees under `name`. */
  async play(name: string, args: readonly string[], showing: Showing = {}): Promise<Ran> {
    const ran = await this.run(args);
    if (ran.signal !== null || ran.exitCode === 70) throw new Error(`${name}: ${ran.stdout}${ran.stderr}`);
    const { stream } = showing;
    // What fails is told last; what else is said beside the result comes before it.
    const both = ran.stderr.startsWith('Error') ? ran.stdout + ran.stderr : ran.stderr + ran.stdout;
    const said = stream === undefined ? both : ran[stream];
    const lines = shortened(
      this.#ashore(said)
        .split(/\r?\n/)
        // How often it tells how far it is depends on how fast the machine is.
        .filter(
          (line) => !/^(?:Scanning|Cleaning|Looking at|Proving|Putting back) .*(?:\.\.\.|…)/.test(line),
        ),
      showing,
    );
    const typed = showing.typed ?? args.map(quoted).join(' ');
    const code = ran.exitCode === 0 ? '' : `$ echo $?\n${ran.exitCode}\n`;
    this.shown.set(
      name,
      `$ prodigy ${this.#ashore(typed)}\n${lines
        .join('\n')
        .replaceAll(/\n{3,}/g, '\n\n')
        .trimEnd()}\n${code}`,
    );
    return ran;
  }

  /** As on a machine that is not this one. */
  #ashore(text: string): string {
    const { username, uid } = userInfo();
    return text
      .replaceAll(`${this.#directory}/home`, '/home/ada')
      .replaceAll(`${this.#directory}/src`, '/home/ada/src')
      .replaceAll(`${username}@${hostname()}`, 'ada@laptop')
      .replaceAll(`${username} (uid ${uid}) on ${hostname()}`, 'ada (uid 1000) on laptop')
      .replaceAll(`,${username},${uid},,${hostname()},`, ',ada,1000,,laptop,')
      .replaceAll(/started by \S+ \(pid \d+\)/g, 'started by bash (pid 19808)');
  }
}

const unknownThings = /^ {2}\? leave/;

function shortened(
  lines: readonly string[],
  { shorten = [], keep = 2, from, to }: Showing,
): readonly string[] {
  const begin =
    from === undefined
      ? 0
      : Math.max(
          0,
          lines.findIndex((line) => from.test(line)),
        );
  const end = to === undefined ? -1 : lines.findIndex((line, index) => index >= begin && to.test(line));
  const shown: string[] = begin === 0 ? [] : ['…'];
  let streak = 0;
  let before: RegExp | undefined;
  for (const line of lines.slice(begin, end === -1 ? undefined : end + 1)) {
    const kind = [...shorten, unknownThings].find((each) => each.test(line));
    streak = kind !== undefined && kind === before ? streak + 1 : 1;
    before = kind;
    if (kind === undefined || streak <= keep) shown.push(line.trimEnd());
    else if (streak === keep + 1) shown.push(`${/^ */.exec(line)?.[0] ?? ''}…`);
  }
  if (end !== -1 && end < lines.length - 1 && lines.slice(end + 1).some((line) => line !== ''))
    shown.push('…');
  return shown;
}

function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `"${word}"`;
}
