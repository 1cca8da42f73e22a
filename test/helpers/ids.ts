import { nameStamp } from './stamps.ts';

/** Makes ids in Prodigy's forms; the same seed and the same calls give the same ids. Never the same id twice. */
export type Ids = {
  /** A number in [0, 1), from the same stream. */
  readonly random: () => number;
  readonly uuid: () => string;
  /** `workflow-<13 digits>`, made a few milliseconds before `atMs`. */
  readonly workflow: (atMs: number) => string;
  /** `session-<uuid v4>`, as MapReduce and dry runs are called. */
  readonly session: () => string;
  /** `mapreduce-<UTC second>`. */
  readonly job: (atMs: number) => string;
  /** 16 hexadecimal digits. */
  readonly signature: () => string;
};

export function makeIds(seed: number): Ids {
  const random = mulberry32(seed);
  const taken = new Set<string>();

  const hex = (count: number): string =>
    Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('');
  const uuid = (): string => {
    const variant = '89ab'.charAt(Math.floor(random() * 4));
    return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
  };
  const unique = (startMs: number, stepMs: number, name: (atMs: number) => string): string => {
    let atMs = startMs;
    while (taken.has(name(atMs))) atMs -= stepMs;
    taken.add(name(atMs));
    return name(atMs);
  };

  return {
    random,
    uuid,
    workflow: (atMs) => unique(atMs - 1 - Math.floor(random() * 40), 1, (ms) => `workflow-${ms}`),
    session: () => `session-${uuid()}`,
    job: (atMs) => unique(atMs, 1_000, (ms) => `mapreduce-${nameStamp(ms)}`),
    signature: () => hex(16),
  };
}

/** A small seeded generator; good enough for names. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
