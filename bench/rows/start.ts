import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from '../../test/helpers/run-prodigy.ts';
import { runPeer } from '../child.ts';
import type { Row } from '../row.ts';

/** Warm, whatever the rest is: started from the disk, both wait for the same node. */
function start(flag: string): Row {
  // Of the program as a whole they are handed to the next prodigy on PATH.
  const name = `prodigy clean ${flag}`;
  return {
    name: flag.slice(2),
    title: flag,
    targets: [{ type: 'ratio', of: name, to: 'node -e 0', most: 1.3 }],
    diskBytes: 0,
    roundsFactor: 4,
    work: () => 'warm',
    contenders: async (stage) => {
      const home = join(stage.directory, 'home');
      mkdirSync(home);
      // On an empty path there is no other prodigy to hand it to.
      const env = { HOME: home, PRODIGY_HOME: join(home, '.prodigy'), PATH: stage.directory };
      const run = (args: readonly string[]) => () => runPeer(stage, process.execPath, args, { env });
      await run([binary(), 'clean', flag])();
      return [
        { name, run: run([binary(), 'clean', flag]) },
        { name: 'node -e 0', run: run(['-e', '0']) },
      ];
    },
  };
}

export const starts: readonly Row[] = [start('--help'), start('--version')];
