/** The JSON of an entry as some version of this tool stored it: envelope and `data`. */
export type StoredEntry = Readonly<Record<string, unknown>>;

/** Turns an entry of one event type from type version `tv` into `tv + 1`. Pure; returns a new object. */
export type Upcast = (old: StoredEntry) => StoredEntry;

/** Where the entries of a journal begin (after `base`) and end, and how many runs it has seen. */
export type StoredEnds = {
  readonly base: { readonly seq: number; readonly hash: string };
  readonly head: { readonly seq: number; readonly hash: string; readonly runs: number };
};

/** One change of the stored schema. Imports nothing: it must mean the same in five years. */
export type Migration = {
  /** The journal format (`m!format`) that this migration leads to. */
  readonly format: number;
  /** By event type, then by the type version that is read. Stored entries are never rewritten. */
  readonly upcasts: Readonly<Record<string, Readonly<Record<number, Upcast>>>>;
  /**
   * Of a format of the past: where a journal of it begins and ends, `undefined` when it does not say so in order. That
   * is all that copying it forward needs, for entries keep their text, and rows are made anew from them.
   *
   * @param get - the value of a key in the database
   */
  readonly ends?: (get: (key: string) => string | undefined) => StoredEnds | undefined;
};

/** Format 1: every event type at version 1, nothing older to read. */
export const firstSchema: Migration = {
  format: 1,
  upcasts: {},
  ends: (get) => {
    const low = parse(get('a!head'));
    const high = parse(get('z!head'));
    const base = parse(get('m!base'));
    if (low?.['hash'] !== high?.['hash'] || low?.['seq'] !== high?.['seq']) return undefined;
    const head = { seq: low?.['seq'], hash: low?.['hash'], runs: low?.['runs'] };
    const first = { seq: base?.['seq'], hash: base?.['hash'] };
    if (!isLink(head) || !isLink(first) || typeof head.runs !== 'number') return undefined;
    return { base: first, head: { ...head, runs: head.runs } };
  },
};

function parse(text: string | undefined): StoredEntry | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as StoredEntry) : undefined;
  } catch {
    return undefined;
  }
}

function isLink<T extends { seq: unknown; hash: unknown }>(
  value: T,
): value is T & { seq: number; hash: string } {
  return typeof value.seq === 'number' && typeof value.hash === 'string';
}
