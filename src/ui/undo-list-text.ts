import { groupBy } from '../model/groups.ts';
import { kindOfId, type ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import { countOf, formatBytes, formatCount, formatTime, printable, singular } from './format.ts';
import { toldWhole, toldOfMore } from './plan-list.ts';

/** Something that can be put back, as far as a list chooses by it. */
export type UndoChoice = {
  readonly op: string;
  readonly run: string;
  readonly item: ItemId;
  readonly bytes: number;
};

/** A line of the list. */
export type UndoLine = {
  readonly run: string;
  readonly kind: Kind;
  readonly name: string;
  readonly bytes: number;
  readonly untilMs: number;
  readonly isFromGit: boolean;
};

/** What of a run is counted, and not told one by one. */
type Rest = { readonly kind: Kind; readonly items: number; readonly bytes: number };

export type UndoFolding = {
  /** Ids of the operations that are told one by one. */
  readonly told: ReadonlySet<string>;
  readonly runs: ReadonlyMap<
    string,
    { readonly items: number; readonly bytes: number; readonly rest: readonly Rest[] }
  >;
};

/** Of a run and kind with many the largest, as in a plan; worktrees are never folded away. */
export function foldUndoables(all: Iterable<UndoChoice>, isFull: boolean): UndoFolding {
  const told = new Set<string>();
  const runs = new Map<string, { items: number; bytes: number; rest: Rest[] }>();
  for (const [run, ofRun] of groupBy(all, (one) => one.run)) {
    const rest: Rest[] = [];
    for (const [kind, ofKind] of groupBy(ofRun, ({ item }) => kindOfId(item))) {
      const isWhole = isFull || kind === undefined || kind === 'worktrees' || ofKind.length <= toldWhole;
      const shown = isWhole ? ofKind : ofKind.toSorted((a, b) => b.bytes - a.bytes).slice(0, toldOfMore);
      for (const { op } of shown) told.add(op);
      if (!isWhole) {
        rest.push({ kind, items: ofKind.length - shown.length, bytes: sum(ofKind) - sum(shown) });
      }
    }
    runs.set(run, { items: ofRun.length, bytes: sum(ofRun), rest });
  }
  return { told, runs };
}

function sum(all: readonly { readonly bytes: number }[]): number {
  return all.reduce((bytes, one) => bytes + one.bytes, 0);
}

/** What can be put back, by run. @param lines - of what is told one by one, in the order in which it is told */
export function undoListText(lines: Iterable<UndoLine>, { runs }: UndoFolding): string {
  const text: string[] = [];
  for (const [run, told] of groupBy(lines, (line) => line.run)) {
    const { items = 0, bytes = 0, rest = [] } = runs.get(run) ?? {};
    text.push(`prodigy clean undo ${run}  (${formatCount(items, 'item')}, ${formatBytes(bytes)})`);
    for (const line of told) text.push(lineOf(line));
    for (const { kind, items, bytes } of rest)
      text.push(`  ... and ${countOf(kind, items)} more, ${formatBytes(bytes)} (--full lists them)`);
  }
  return text.length === 0 ? 'Nothing can be put back.\n' : `${text.join('\n')}\n`;
}

function lineOf({ kind, name, bytes, untilMs, isFromGit }: UndoLine): string {
  const from = isFromGit ? 'git makes it again' : 'held in quarantine';
  return `  ${singular(kind)} ${printable(name)}  ${formatBytes(bytes)}  until ${formatTime(untilMs)}, ${from}`;
}
