import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import type { Trial } from './suite.ts';
import { suites } from './suites.ts';

/** What the runner asks: trials one after the other, then an end. */
export type Order = { readonly seed: number; readonly keep: boolean } | { readonly end: true };
/** What it is answered. `kept`: the directory of a trial that broke a rule. */
export type Report =
  | { readonly seed: number; readonly trial: Trial; readonly kept?: string }
  | { readonly seed: number; readonly defect: string; readonly kept?: string }
  | { readonly closed: true; readonly defect?: string };

const [id = ''] = process.argv.slice(2);
const suite = suites.find((known) => known.id === id);
if (suite === undefined || process.send === undefined) {
  throw new Error(`to be started by the runner, with the id of a suite, not ${id}`);
}
const { trial, close } = suite;

async function attempt(seed: number, keep: boolean): Promise<Report> {
  const directory = makeTemporaryDirectory(`torture-${id.toLowerCase()}-${seed}-`);
  let isWhole = false;
  try {
    const done = await trial(seed, directory);
    isWhole = done.violations.length === 0;
    return { seed, trial: done, ...(isWhole || !keep ? {} : { kept: directory }) };
  } catch (cause) {
    return { seed, defect: told(cause), ...(keep ? { kept: directory } : {}) };
  } finally {
    if (isWhole || !keep) removeTemporaryDirectory(directory);
  }
}

function told(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

process.on('message', (order: Order) => {
  if ('end' in order) {
    void (close?.() ?? Promise.resolve()).then(
      () => process.send?.({ closed: true } satisfies Report, () => process.disconnect()),
      (cause: unknown) =>
        process.send?.({ closed: true, defect: told(cause) } satisfies Report, () => process.disconnect()),
    );
    return;
  }
  void attempt(order.seed, order.keep).then((report) => process.send?.(report));
});
