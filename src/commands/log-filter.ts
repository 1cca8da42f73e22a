import { basename, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Entry } from '../journal/entry.ts';
import type { RunActor, RunScope } from '../journal/event-run.ts';
import type { EntryRange, JournalReader } from '../journal/journal.ts';
import type { Failure } from '../model/failure.ts';
import { isKind } from '../model/kind.ts';
import { rangeOf, timeBlocks } from '../projections/time-blocks.ts';
import { repositoryAt } from '../storage/repository.ts';
import { itemQuery, itemsInJournal, type Bases } from './find-item.ts';
import { findRun, type RunLookup } from './find-run.ts';
import type { LogRequest } from './log-request.ts';
import { workingDirectoryOf } from './view.ts';

/** What is looked at, and which of it is shown. */
export type LogFilter = {
  /** `undefined`: nothing there can match. */
  readonly range: EntryRange | undefined;
  readonly matches: (entry: Entry, runs: RunLookup) => Promise<Result<boolean, Failure>>;
};

/** Resolves names against the journal once; afterwards each entry is judged by itself, in any order. */
export async function filterOf(
  request: LogRequest,
  reader: JournalReader,
  bases: Bases,
): Promise<Result<LogFilter, Failure>> {
  const { sinceMs, untilMs } = request;
  let range: EntryRange | undefined = {};
  if (Number.isFinite(sinceMs) || Number.isFinite(untilMs)) {
    const blocks = await reader.rows(timeBlocks);
    if (blocks.isErr()) return err(blocks.error);
    range = rangeOf(blocks.value.values(), sinceMs, untilMs);
  }
  const runs = new Set<string>();
  let [first, last] = [Infinity, -Infinity];
  let isOver = true;
  for (const text of request.runs) {
    const run = await findRun(text, reader);
    if (run.isErr()) return err(run.error);
    runs.add(run.value.run);
    first = Math.min(first, run.value.startedSeq);
    last = Math.max(last, run.value.lastSeq);
    isOver &&= run.value.ended !== undefined;
  }
  if (runs.size > 0 && range !== undefined) {
    // A run that is followed goes on after what is known of it; and that a dead run was found is an entry of its
    // finder which only the dead one's row tells of, so that a run without an end may go on after its row, too.
    const to = request.follow || !isOver ? {} : { to: Math.min(range.to ?? Infinity, last) };
    range = { ...range, from: Math.max(range.from ?? 0, first), ...to };
  }
  const items = await itemIds(request, reader, bases);
  if (items.isErr()) return err(items.error);
  const repositories = await repositoriesOf(request.repositories, bases.cwd);
  const operations = await operationsOf(repositories, reader);
  if (operations.isErr()) return err(operations.error);

  const byEntry = (entry: Entry): boolean =>
    entry.atMs >= sinceMs &&
    entry.atMs <= untilMs &&
    (runs.size === 0 || (entry.run !== undefined && runs.has(entry.run))) &&
    includes(request.kinds, [kindOf(entry)]) &&
    includes(request.events, [entry.event.type]) &&
    includes(request.reasons, reasonsOf(entry)) &&
    (items.value === undefined || items.value.has(itemOf(entry) ?? ''));

  return ok({
    range,
    matches: async (entry, lookup) => {
      // Also of what is not shown itself: when a journal is followed, intents come after the look at all of it.
      note(entry, repositories, operations.value);
      if (!byEntry(entry)) return ok(false);
      if (request.actors.length === 0 && repositories.length === 0) return ok(true);
      const run = entry.run === undefined ? ok(undefined) : await lookup(entry.run);
      if (run.isErr()) return err(run.error);
      const actor = run.value?.actor;
      const isWho =
        request.actors.length === 0 || request.actors.some((asked) => isActor(asked, entry, actor));
      return ok(isWho && isOf(repositories, entry, run.value?.scope, operations.value));
    },
  });
}

function includes(asked: readonly string[], given: readonly (string | undefined)[]): boolean {
  return asked.length === 0 || given.some((one) => one !== undefined && asked.includes(one));
}

export function kindOf({ event }: Entry): string | undefined {
  if ('kind' in event) return event.kind;
  // An item's id begins with its kind; a session's or job's does not.
  const item = itemOf({ event }) ?? '';
  const kind = item.slice(0, Math.max(0, item.indexOf(':')));
  return isKind(kind) ? kind : undefined;
}

function itemOf({ event }: Pick<Entry, 'event'>): string | undefined {
  if ('item' in event) return event.item;
  return 'target' in event ? event.target : undefined;
}

export function reasonsOf({ event }: Entry): readonly string[] {
  switch (event.type) {
    case 'ItemCondemned':
    case 'RemovalIntended':
      return [event.reason, event.proof];
    case 'ItemKept':
    case 'ItemDrifted':
    case 'OddityFound':
      return [event.reason];
    case 'RunRefused':
      return [event.rule];
    case 'ItemFailed':
    case 'PutBackBlocked':
      return [event.code];
    case 'PurgeBlocked':
      return event.codes;
    default:
      return [];
  }
}

async function itemIds(
  request: LogRequest,
  reader: JournalReader,
  bases: Bases,
): Promise<Result<ReadonlySet<string> | undefined, Failure>> {
  if (request.items.length === 0) return ok(undefined);
  const ids = new Set<string>();
  for (const text of request.items) {
    const query = await itemQuery(text, bases);
    const found = await itemsInJournal(query, reader);
    if (found.isErr()) return err(found.error);
    for (const id of found.value.items.keys()) ids.add(id);
    if (found.value.items.size === 0)
      return err({ type: 'unknown-item', text, similar: [...found.value.similar], among: 'journal' });
  }
  return ok(ids);
}

/** A user by name or number, who became it by sudo, a CI system or an agent: any of them names the actor. */
function isActor(asked: string, { actor: { uid } }: Entry, actor: RunActor | undefined): boolean {
  if (actor === undefined) return asked === String(uid);
  const { user, effectiveUid, sudoUser, sudoUid, ci, agent } = actor;
  const known = [user, actor.uid, effectiveUid, sudoUser, sudoUid, ci?.name, ci?.id, agent?.name];
  return known.some((one) => one !== undefined && String(one) === asked);
}

/** How an asked repository may be written in the journal, and what its directory may be called. */
type Asked = { readonly written: readonly string[]; readonly directory: string | undefined };

async function repositoriesOf(texts: readonly string[], cwd: string): Promise<readonly Asked[]> {
  return Promise.all(
    texts.map(async (text) => {
      if (!text.includes('/') && text !== '.' && text !== '..') return { written: [text], directory: text };
      // What is gone is known by the path that it had.
      const path = resolve(cwd, text);
      const repository = await repositoryAt(path);
      const written = [path, `${path}/.git`, repository?.gitDir, repository?.name];
      return { written: written.filter((one) => one !== undefined), directory: undefined };
    }),
  );
}

function isRepository({ written, directory }: Asked, known: string): boolean {
  if (written.includes(known)) return true;
  const name = basename(workingDirectoryOf(known) ?? known).replace(/(?<=.)\.git$/, '');
  return directory !== undefined && name === directory;
}

/**
 * Operations on items of the repositories: what comes after an intent names the operation, and not the repository
 * again. A later run may end it.
 */
async function operationsOf(
  repositories: readonly Asked[],
  reader: JournalReader,
): Promise<Result<Set<string>, Failure>> {
  const operations = new Set<string>();
  if (repositories.length === 0) return ok(operations);
  for await (const entry of reader.entries()) {
    if (entry.isErr()) return err(entry.error);
    note(entry.value, repositories, operations);
  }
  return ok(operations);
}

function note({ event, op }: Entry, repositories: readonly Asked[], operations: Set<string>): void {
  if (event.type !== 'RemovalIntended' || op === undefined || event.repository === undefined) return;
  const { repository } = event;
  if (repositories.some((asked) => isRepository(asked, repository))) operations.add(op);
}

/** Of an item's repository, or of a run whose scope names it: a run over all of them is about none. */
function isOf(
  repositories: readonly Asked[],
  entry: Entry,
  scope: RunScope | undefined,
  operations: Set<string>,
): boolean {
  if (repositories.length === 0) return true;
  const { event, op } = entry;
  if ('repository' in event && event.repository !== undefined) {
    const known = event.repository;
    return repositories.some((asked) => isRepository(asked, known));
  }
  if (op !== undefined) return operations.has(op);
  if ('item' in event) return false;
  return (scope?.repositories ?? []).some(({ name, gitDir }) =>
    repositories.some((asked) => isRepository(asked, gitDir ?? name)),
  );
}
