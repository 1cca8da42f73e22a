import type { Recorded } from '../journal/recorded.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Verdict } from '../model/reason.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import type { Recovery } from './recovery.ts';
import type { Release } from './release.ts';

/** The story of one item, and what is the matter with it now. */
export type WhyView = {
  readonly id: ItemId;
  readonly name: string;
  readonly story: readonly { readonly recorded: Recorded; readonly run: RunSummary | undefined }[];
  /** `undefined`: it is not in its place. */
  readonly now: { readonly item: Item; readonly verdict: Verdict; readonly release: Release } | undefined;
  /** How it comes back: `undefined` when it is there, or when nothing of ours took it away. */
  readonly recovery: Recovery | undefined;
  /** Why the journal could not be asked. */
  readonly withoutJournal: string | undefined;
};
