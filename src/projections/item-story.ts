import type { Entry } from '../journal/entry.ts';
import type { Projection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';

/** Lists of plans are left out: they are long. */
export function isAbout(item: ItemId, { event }: Entry): boolean {
  return ('item' in event && event.item === item) || ('target' in event && event.target === item);
}

/** Everything that was journalled about one item, in order. */
export function itemStory(item: ItemId): Projection<Entry[]> {
  return {
    initial: () => [],
    apply: (story, entry) => {
      if (isAbout(item, entry)) story.push(entry);
      return story;
    },
  };
}
