import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { buildDatabase } from './build.ts';
import { genesisOf, inspect, liveSpan } from './inspect.ts';
import { attempt, damaged } from './journal-failure.ts';
import type { JournalOptions } from './journal.ts';
import type { Store } from './store.ts';
import { swapIn } from './swap.ts';
import { supportedFormat } from './upcast.ts';
import { walk } from './walk.ts';

/**
 * Copies a journal of an older format forward (JOURNAL 7.8): every entry, its chain followed, into a new database that
 * then takes the place of `old`. That stays open, and so keeps others out, until it is done; a crash at any point
 * leaves the one or the other, whole. The old one is kept for 30 days as `db.old-<format>`.
 */
export async function migrate(
  old: Store,
  directory: string,
  known: string | undefined,
  options: JournalOptions & { readonly format: number },
): Promise<Result<void, JournalFailure>> {
  const genesis = genesisOf(old);
  if (genesis.isErr()) return err(genesis.error);
  const journalId = known ?? genesis.value?.journalId;
  if (journalId === undefined)
    return err(
      damaged(directory, 0, 'identity.json is missing, and the database does not begin with its birth'),
    );
  const inspected = await inspect(old, directory, journalId);
  if (inspected.isErr()) return err(inspected.error);
  const { state, segments } = inspected.value;
  const { base, head } = state;

  const built = await buildDatabase(
    {
      directory,
      journalId,
      segments,
      base,
      entries: walk(old, liveSpan(directory, state)),
      closing: (last) => [
        {
          event: {
            type: 'JournalMigrated',
            from: options.format,
            to: supportedFormat,
            count: head.seq + 1,
            oldHead: head.hash,
            newHead: last.hash,
          },
        },
      ],
    },
    options,
  );
  if (built.isErr()) return err(built.error);
  const step = options.seams?.afterStep ?? (() => undefined);
  // Windows renames nothing that is open.
  if (process.platform === 'win32') await old.close();
  const swapped = await attempt(directory, () =>
    swapIn(directory, built.value.path, `db.old-${options.format}`, step),
  );
  return swapped.isErr() ? err(swapped.error) : ok(undefined);
}
