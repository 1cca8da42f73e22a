import { hostname } from 'node:os';
import { nanoid } from 'nanoid';
import type { Draft } from '../../src/journal/entry.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { kinds } from '../../src/model/kind.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { started } from '../../test/projections/entries.ts';

/*
 * `write DIR N`: so many runs over a storage that does not change, each of which opens the journal, says what a run
 * says that finds nothing to do, and closes it. `open DIR N`: opens it so many times. Prints how long an opening took,
 * in milliseconds, as JSON.
 */
export type OpeningTimes = { readonly openMs: readonly number[] };

const [, , mode, directory = '', times = '0'] = process.argv;
const none = { items: 0, bytes: 0 };

async function opened(): Promise<Journal> {
  const journal = await openJournal({
    directory,
    clock: () => Date.now(),
    newId: () => nanoid(),
    actor: { uid: process.getuid?.() ?? 0, tool: 'bench' },
    host: hostname(),
    inline: inlineProjections,
  });
  return journal._unsafeUnwrap();
}

function idleRun(run: string): readonly Draft[] {
  const kept = { active: { items: 10, bytes: 40_960 } };
  return [
    { run, event: started },
    ...kinds.map((kind): Draft => {
      const found = { items: 10, bytes: 40_960 };
      const scanned = { kind, found, condemned: none, kept, outOfScope: 0, durationMs: 3 };
      return { run, event: { type: 'ScanCompleted', ...scanned, digest: '0123456789abcdef' } };
    }),
    { run, event: { type: 'RunCompleted', outcome: 'nothing-to-do', exitCode: 0, totals: {} } },
  ];
}

const openMs: number[] = [];
for (let time = 0; time < Number(times); time += 1) {
  const startedAtMs = performance.now();
  const journal = await opened();
  openMs.push(performance.now() - startedAtMs);
  if (mode === 'write') (await journal.append(idleRun(`run-${time}`)))._unsafeUnwrap();
  await journal.close();
}
const report: OpeningTimes = { openMs };
process.stdout.write(JSON.stringify(report));
