import type { Event } from './event.ts';

/** Who wrote an entry: numeric user id and tool version. The run's first entry says more. */
export type Actor = { readonly uid: number; readonly tool: string };

/** An event before the journal gives it its place. */
export type Draft = {
  readonly event: Event;
  /** The run it belongs to: the correlation. */
  readonly run?: string;
  /** The operation it belongs to: one item in one run. */
  readonly op?: string;
  /** Sequence number of the entry that caused it. */
  readonly cause?: number;
};

/**
 * An event in the journal. `seq` is the order, gapless from 0; `atMs` (UTC milliseconds) is for people.
 * Stored as JOURNAL 7.3 lays out: `{v, seq, id, type, tv, at, run, op, cause, actor, data}`.
 */
export type Entry = Draft & {
  readonly seq: number;
  readonly id: string;
  readonly atMs: number;
  readonly actor: Actor;
};

/** The last entry: `seq` is -1 and `hash` the chain's seed when there is none. `runs` counts `RunStarted`. */
export type Head = { readonly seq: number; readonly hash: string; readonly runs: number };

/** A place in the chain: entry `seq` has `hash`. Before entry 0 it is -1 and the seed. */
export type Link = { readonly seq: number; readonly hash: string };
