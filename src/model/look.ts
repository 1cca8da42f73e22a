import type { Item } from './item.ts';
import type { OwnerFacts, OwnerId } from './owner.ts';
import type { Doubt } from './reason.ts';

/** Everything one look at the storage found. The policy judges it; nothing is read twice. */
export type Look = {
  readonly items: readonly Item[];
  readonly owners: ReadonlyMap<OwnerId, OwnerFacts>;
  /** Owners that stand and fall together (PRODIGY-STORAGE 6.1), in both directions. */
  readonly links: readonly (readonly [OwnerId, OwnerId])[];
  /** What is not an item and was left alone: unknown names, stray files, odd links. Shown and journalled. */
  readonly oddities: readonly Doubt[];
  /** `false` when the process table could not be read: then only what ended before the window may go. */
  readonly processesReadable: boolean;
};
