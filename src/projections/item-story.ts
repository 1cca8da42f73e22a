import type { Entry } from '../journal/entry.ts';
import type { Projection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';

/** Everything that was journalled about one item, in order. Lists of plans are left out: they are long. */
export function itemStory(item: ItemId): Projection<Entry[]> {
  return {
    initial: () => [],
    apply: (story, entry) => {
      const { event } = entry;
      const about = 'item' in event ? event.item : 'target' in event ? event.target : undefined;
      if (about === item) story.push(entry);
      return story;
    },
  };
}
