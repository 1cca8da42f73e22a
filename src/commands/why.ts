import { err, ok, type Result } from 'neverthrow';
import { removalOf } from '../journal/event-removal.ts';
import type { JournalReader } from '../journal/journal.ts';
import { recordedIn, type Recorded } from '../journal/recorded.ts';
import type { Failure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import { follow, newCourse } from '../projections/course.ts';
import { noMatches, type ItemQuery, type Matches } from '../projections/item-match.ts';
import { isAbout } from '../projections/item-story.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { explain } from '../ui/explain.ts';
import { printable } from '../ui/format.ts';
import { recoveryOf, type Recovery } from '../ui/recovery.ts';
import { releaseOf } from '../ui/release.ts';
import { fateOf } from '../ui/replay-view.ts';
import { whyDocument } from '../ui/why-document.ts';
import { whyText } from '../ui/why-text.ts';
import type { WhyView } from '../ui/why-view.ts';
import { openToRead } from './journal-access.ts';
import { itemQuery, itemsInJournal } from './find-item.ts';
import { runLookup } from './find-run.ts';
import { freshLook, type FreshLook } from './fresh-look.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

export type WhyFlags = { readonly json?: boolean; readonly color?: boolean };

/** `prodigy clean why ID|PATH`: everything that is known of one item, and what keeps it now. Changes nothing. */
export async function why(text: string, flags: WhyFlags, shell: Shell): Promise<Result<number, Failure>> {
  const opened = await openToRead(shell);
  // A journal that cannot be read costs the story; what is there can be looked at all the same.
  await using reader = opened.isOk() ? opened.value : undefined;
  const query = await itemQuery(text, shell);
  const known = reader === undefined ? ok(noMatches()) : await itemsInJournal(query, reader);
  const without = known.isErr()
    ? known.error
    : opened.isErr() && opened.error.type !== 'journal-absent'
      ? opened.error
      : undefined;

  const fresh = await freshLook(query, known.unwrapOr(noMatches()), shell);
  const id = theOne(query, fresh.matches);
  if (id.isErr()) {
    if (id.error.type === 'unknown-item' && fresh.oddity !== undefined)
      return ok(await tellOddity(text, fresh, flags, shell));
    return err(without ?? id.error);
  }
  const view = await viewOf(id.value, fresh, without === undefined ? reader : undefined, without);
  if (view.isErr()) return err(view.error);
  await shell.terminal.pour(
    flags.json === true
      ? `${JSON.stringify(whyDocument(view.value), null, 2)}\n`
      : whyText(view.value, shell.terminal.outColours),
  );
  return ok(without === undefined ? exitCodes.done.code : exitCodes.failed.code);
}

function theOne({ text }: ItemQuery, { items, similar }: Matches): Result<ItemId, Failure> {
  const [only, ...more] = items.keys();
  if (only === undefined) return err({ type: 'unknown-item', text, similar: [...similar] });
  if (more.length === 0) return ok(only);
  return err({
    type: 'usage',
    problem: `Several items are called '${text}'; name one by its id, its path or as KIND:NAME`,
    accepted: [only, ...more].slice(0, 20),
  });
}

async function tellOddity(
  text: string,
  { oddity }: FreshLook,
  flags: WhyFlags,
  { terminal }: Shell,
): Promise<number> {
  const { reason = '', detail = '', path = '' } = oddity ?? {};
  await terminal.pour(
    flags.json === true
      ? `${JSON.stringify({ schema: 'prodigy-clean/1', item: null, oddity: { path, reason, detail } }, null, 2)}\n`
      : `${printable(text)} is no item, and is left alone: ${printable(path)}: ${reason}: ${printable(detail)}\n`,
  );
  return exitCodes.done.code;
}

async function viewOf(
  id: ItemId,
  fresh: FreshLook,
  reader: JournalReader | undefined,
  without: Failure | undefined,
): Promise<Result<WhyView, Failure>> {
  const story: WhyView['story'][number][] = [];
  if (reader !== undefined) {
    const runs = runLookup(reader);
    for await (const recorded of recordedIn(reader)) {
      if (recorded.isErr()) return err(recorded.error);
      if (!isAbout(id, recorded.value.entry)) continue;
      const { run: of } = recorded.value.entry;
      const run = of === undefined ? ok(undefined) : await runs(of);
      if (run.isErr()) return err(run.error);
      story.push({ recorded: recorded.value, run: run.value });
    }
  }
  const open =
    reader === undefined ? ok(new Map<string, OpenOperation>()) : await reader.rows(openOperations);
  if (open.isErr()) return err(open.error);
  const seen = await fresh.itemOf(id);
  return ok({
    id,
    name: fresh.matches.items.get(id)?.name ?? id,
    story,
    now:
      seen === undefined ? undefined : { ...seen, release: releaseOf(seen.item, seen.verdict, fresh.policy) },
    recovery:
      seen === undefined
        ? recoveryFrom(
            id,
            story.map(({ recorded }) => recorded),
            open.value,
          )
        : undefined,
    withoutJournal: without === undefined ? undefined : explain(without).sentence,
  });
}

/** By the last operation that was begun on it. */
function recoveryFrom(
  id: ItemId,
  story: readonly Recorded[],
  open: ReadonlyMap<string, OpenOperation>,
): Recovery | undefined {
  const last = story.findLast(({ entry }) => entry.op !== undefined)?.entry.op;
  if (last === undefined) return undefined;
  const op = removalOf(last);
  const told = story
    .map(({ entry }) => entry)
    .filter((entry) => entry.op !== undefined && removalOf(entry.op) === op);
  const intended = told.map(({ event }) => event).find((event) => event.type === 'RemovalIntended');
  const intent = intended?.type === 'RemovalIntended' ? intended : undefined;
  const course = newCourse();
  for (const entry of told) follow(course, entry);
  const fate = fateOf(course, intent, open.get(op) ?? {});
  // What was left or put back by us, and is not there: somebody else took it.
  return fate.type === 'in-place' || fate.type === 'back' ? undefined : recoveryOf(intent, fate, id);
}
