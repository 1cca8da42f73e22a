import { pathOf, type ItemId } from '../model/item.ts';
import { formatCount, formatTime, printable } from './format.ts';
import { whyText } from './why-words.ts';
import type { RunView } from './view.ts';

/** A plan that is carried out, and what of it is left out. */
export type AppliedView = {
  readonly plan: string;
  readonly shownAtMs: number;
  /** The run that showed it. */
  readonly run: string;
  /** How many it listed. */
  readonly items: number;
  readonly dropped: readonly { readonly item: ItemId; readonly name: string }[];
  readonly gone: readonly ItemId[];
};

/** Which plan it is, and one line for each of its items that stays or is gone, with why. */
export function appliedText(
  { plan, shownAtMs, run, items, dropped, gone }: AppliedView,
  view: RunView,
): string {
  const judged = new Map<string, RunView['items'][number]>(view.items.map((item) => [item.id, item]));
  const left = dropped.length + gone.length;
  const sum =
    left === 0
      ? 'all of it is as it was'
      : `${formatCount(left, 'item')} of it ${left === 1 ? 'is' : 'are'} left out`;
  const lines = [
    `Applying plan ${printable(plan)} of ${formatTime(shownAtMs)} (run ${printable(run)}, ${formatCount(items, 'item')}): ${sum}.`,
    ...dropped.map(({ item, name }) => {
      const now = judged.get(item);
      return `  ~ ${printable(name)}: ${now === undefined ? 'kept' : whyText(now)}`;
    }),
    ...gone.map((item) => `  ~ ${printable(pathOf(item))}: it is not there any more`),
  ];
  return `${lines.join('\n')}\n`;
}
