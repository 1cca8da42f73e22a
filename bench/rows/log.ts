import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endOf, runOurs, runPeer, type Child } from '../child.ts';
import type { Row, Sample } from '../row.ts';
import { scaled } from '../stage.ts';

/** Of the proving ground's suite T11: writes a journal of so many entries. */
const writer = fileURLToPath(new URL('../../test/torture/scale-process.js', import.meta.url));
const mostBytes = 300 * 1024 ** 2;
const limit = 'log --limit 20';
const verify = 'log verify';

export const log: Row = {
  name: 'log',
  title: 'read the journal',
  targets: [
    { type: 'time', of: limit, mostMs: 500 },
    { type: 'time', of: verify, mostMs: 10_000 },
    { type: 'memory', of: limit, mostBytes },
    { type: 'memory', of: verify, mostBytes },
  ],
  diskBytes: 1024 ** 3,
  work: (scale) => `${scaled({ scale }, 1_000_000, 20_000).toLocaleString('en-US')} entries`,
  contenders: async (stage) => {
    const entries = scaled(stage, 1_000_000, 20_000);
    const home = join(stage.directory, 'home');
    const above = join(home, '.prodigy', 'clean');
    mkdirSync(above, { recursive: true });
    await runPeer(stage, process.execPath, [writer, 'write', join(above, 'journal'), `${entries}`]);
    const read = (words: readonly string[], isDone: (ran: Child) => boolean) => async (): Promise<Sample> => {
      stage.goCold();
      const ran = await runOurs(stage, home, ['clean', ...words]);
      if (ran.exitCode !== 0 || !isDone(ran)) throw new Error(`${words.join(' ')}: ${endOf(ran)}`);
      return ran;
    };
    return [
      {
        name: limit,
        run: read(
          ['log', '--limit', '20', '--json'],
          ({ stdout }) => (JSON.parse(stdout) as readonly unknown[]).length === 20,
        ),
      },
      { name: verify, run: read(['log', 'verify'], ({ stdout }) => verifiedIn(stdout) >= entries) },
    ];
  },
};

function verifiedIn(text: string): number {
  return Number((/([\d,]+) entries/.exec(text)?.[1] ?? '0').replaceAll(',', ''));
}
