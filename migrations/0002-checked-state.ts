/**
 * Format 2. The two records of the head hold everything a journal says of itself beside its entries: its id, where the
 * database's entries begin, a sum over the rows of each stored projection, and a check of themselves; `m!base` and
 * `p!<name>!meta` are gone. Entries before the base lie sealed in `segments/`. No event changed.
 */
export const checkedState: {
  readonly format: 2;
  readonly upcasts: Readonly<Record<string, never>>;
} = { format: 2, upcasts: {} };
