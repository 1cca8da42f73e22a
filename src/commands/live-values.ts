import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { JournalReader } from '../journal/journal.ts';
import { pathOf } from '../model/item.ts';
import { pinsAt } from '../model/pin.ts';
import { lastVerdict } from '../projections/last-verdict.ts';
import { pins } from '../projections/pins.ts';
import { plans } from '../projections/plans.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary } from '../projections/run-summary.ts';
import { looksLikeJob, looksLikeSession } from '../storage/names.ts';
import type { ValueSource } from '../ui/command-page.ts';
import type { Candidate } from '../ui/completion.ts';
import { formatCount, formatTime, printable } from '../ui/format.ts';
import { openToRead } from './journal-access.ts';
import { undoableRows } from './undoable.ts';

/** More than this nobody reads, and no shell lays out quickly. */
const most = 500;

type Reading = (reader: JournalReader, nowMs: number) => Promise<readonly Candidate[]>;
type Listing = (roots: readonly string[]) => Promise<readonly Candidate[]>;

const inJournal: Partial<Record<ValueSource, Reading>> = {
  runs: runsIn,
  plans: async (reader) =>
    [...(await reader.rows(plans)).unwrapOr(new Map<string, never>()).keys()].map((value) => ({ value })),
  undoables: async (reader, nowMs) => {
    const all = (await undoableRows(reader)).unwrapOr([]).filter(({ untilMs }) => untilMs > nowMs);
    const runs = new Set(all.map(({ run }) => run));
    return [
      ...(await runsIn(reader)).filter(({ value }) => runs.has(value)),
      ...namesOf(all.map(({ item }) => item)),
    ];
  },
  pinned: async (reader, nowMs) => {
    const rows = (await reader.rows(pins)).unwrapOr(new Map());
    return [...pinsAt(rows.values(), nowMs).values()].map(({ target, hold, abandoned }) => ({
      value: target.slice(target.indexOf(':') + 1),
      description: hold?.reason ?? abandoned?.reason ?? '',
    }));
  },
  items: async (reader) =>
    namesOf([...(await reader.rows(lastVerdict)).unwrapOr(new Map<string, never>()).keys()]),
};

const inStorage: Partial<Record<ValueSource, Listing>> = {
  sessions: async (roots) => stems(await listed(roots, ['sessions'], '.json')),
  items: async (roots) => stems(await listed(roots, ['sessions'], '.json')),
  repositories: async (roots) =>
    stems((await listed(roots, ['worktrees', 'state', 'events', 'dlq'])).filter(isRepository)),
  worktrees: async (roots) => {
    const repositories = await listed(roots, ['worktrees']);
    return stems(
      await listed(
        roots,
        repositories.map((repository) => join('worktrees', repository)),
      ),
    );
  },
};

/**
 * What is there now, for a shell to offer: the newest first, at most `most`. Takes no lock and changes nothing;
 * a journal that cannot be read offers nothing.
 *
 * @param signal - when it is aborted, reading ends, and the copy that was read is gone soon
 */
export async function liveValues(
  source: ValueSource,
  typed: string,
  config: Config,
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  let found: readonly Candidate[] = [];
  const read = inJournal[source];
  if (read !== undefined) {
    const opened = await openToRead({ config });
    if (opened.isOk()) {
      await using reader = opened.value;
      signal.addEventListener('abort', () => void reader.close());
      if (signal.aborted) return [];
      found = await read(reader, nowMs);
    }
  }
  found = [...found, ...((await inStorage[source]?.(config.roots)) ?? [])];
  const fitting = new Map<string, Candidate>();
  for (const candidate of found) {
    if (!candidate.value.startsWith(typed) || fitting.has(candidate.value)) continue;
    if (fitting.size === most) break;
    const { value, description } = candidate;
    fitting.set(
      value,
      description === undefined ? candidate : { value, description: printable(description) },
    );
  }
  return [...fitting.values()];
}

async function runsIn(reader: JournalReader): Promise<readonly Candidate[]> {
  const rows = (await reader.rows(runSummary)).unwrapOr(new Map());
  return oldestFirst(rows.values())
    .toReversed()
    .map(({ run, startedAtMs, dryRun, removed, held }) => ({
      value: run,
      description: `${formatTime(startedAtMs)}, ${dryRun ? 'dry run' : `${formatCount(removed.items + held.items, 'item')} removed`}`,
    }));
}

/** The last name of an item where no other has it, else its id: either says which one is meant. */
function namesOf(ids: readonly string[]): readonly Candidate[] {
  const named = ids.map((id) => {
    const path = pathOf(id);
    return { id, name: path.slice(path.lastIndexOf('/') + 1).replace(/\.[a-z]{1,5}$/i, '') };
  });
  const uses = new Map<string, number>();
  for (const { name } of named) uses.set(name, (uses.get(name) ?? 0) + 1);
  return named
    .toReversed()
    .map(({ id, name }) => (uses.get(name) === 1 ? { value: name, description: id } : { value: id }));
}

async function listed(
  roots: readonly string[],
  directories: readonly string[],
  ending = '',
): Promise<readonly string[]> {
  const each = roots.flatMap((root) =>
    directories.map((directory) => readdir(join(root, directory)).catch(() => [])),
  );
  const names = (await Promise.all(each)).flat().filter((name) => name.endsWith(ending));
  return names
    .filter((name) => !name.startsWith('.'))
    .map((name) => name.slice(0, name.length - ending.length));
}

function stems(names: readonly string[]): readonly Candidate[] {
  return names.map((value) => ({ value }));
}

/** Containers below a kind that are no repository's, and files beside them. */
function isRepository(name: string): boolean {
  return (
    !looksLikeSession(name) && !looksLikeJob(name) && !/^(?:archive|reduce_checkpoints)$|\.jsonl?$/.test(name)
  );
}
