import { err, ok, type Result } from 'neverthrow';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure } from '../model/failure.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';

/** The one run that an id, or the beginning of one, stands for. */
export async function findRun(
  text: string,
  reader: Pick<JournalReader, 'row' | 'rows'>,
): Promise<Result<RunSummary, Failure>> {
  const exact = await reader.row(runSummary, text);
  if (exact.isErr()) return err(exact.error);
  if (exact.value !== undefined) return ok(exact.value);
  const rows = await reader.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const found = oldestFirst(rows.value.values()).filter(({ run }) => run.startsWith(text));
  const [only] = found;
  if (only === undefined || text === '') return err({ type: 'unknown-run', text });
  if (found.length === 1) return ok(only);
  return err({
    type: 'usage',
    problem: `Several runs begin with '${text}'`,
    accepted: found.slice(-20).map(({ run }) => run),
  });
}

const remembered = 64;

export type RunLookup = (run: string) => Promise<Result<RunSummary | undefined, Failure>>;

/** Rows of runs as they are come across: entries of one run come together, so few need to be remembered. */
export function runLookup(reader: Pick<JournalReader, 'row'>): RunLookup {
  const known = new Map<string, RunSummary | undefined>();
  return async (run) => {
    if (known.has(run)) return ok(known.get(run));
    const row = await reader.row(runSummary, run);
    if (row.isErr()) return err(row.error);
    const [oldest] = known.keys();
    if (known.size >= remembered && oldest !== undefined) known.delete(oldest);
    known.set(run, row.value);
    return ok(row.value);
  };
}
