/** The JSON of an entry as some version of this tool stored it: envelope and `data`. */
export type StoredEntry = Readonly<Record<string, unknown>>;

/** Turns an entry of one event type from type version `tv` into `tv + 1`. Pure; returns a new object. */
export type Upcast = (old: StoredEntry) => StoredEntry;

/** One change of the stored schema. Imports nothing: it must mean the same in five years. */
export type Migration = {
  /** The journal format (`m!format`) that this migration leads to. */
  readonly format: number;
  /** By event type, then by the type version that is read. Stored entries are never rewritten. */
  readonly upcasts: Readonly<Record<string, Readonly<Record<number, Upcast>>>>;
};

/** Format 1: every event type at version 1, nothing older to read. */
export const firstSchema: Migration = { format: 1, upcasts: {} };
