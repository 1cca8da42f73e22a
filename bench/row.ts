import type { Stage } from './stage.ts';
import type { Target } from './target.ts';

/** One measured run. Whoever did not do the work throws instead. */
export type Sample = {
  readonly ms: number;
  /** Resident memory at its highest. */
  readonly peakBytes?: number;
  /** Processor time of our own process, all threads, without that of the git it calls. */
  readonly cpuMs?: number;
  /** Whatever else a target is about. */
  readonly counts?: Readonly<Record<string, number>>;
};

/** Who does the work: this program, or one it is compared with. Each run makes what it needs, and takes it away. */
export type Contender = {
  readonly name: string;
  /** Why it cannot take part here. */
  readonly absent?: string;
  /** The part of the rounds that it takes, once at least: no target is about it, or once is enough. 1 unless told. */
  readonly share?: number;
  /** Somebody else's program, of which nobody knows whether it does the work: when it does not, it is left out. */
  readonly mayFail?: boolean;
  readonly run: (round: number) => Promise<Sample>;
};

/** One work of the table. */
export type Row = {
  readonly name: string;
  readonly title: string;
  readonly targets: readonly Target[];
  /** Bytes of disk that it takes at once, at scale 1. */
  readonly diskBytes: number;
  /** Left out unless it is named. */
  readonly isByHand?: boolean;
  /** Rounds for each one asked for: short works are measured more often. 1 unless told. */
  readonly roundsFactor?: number;
  /** What is measured, in words, at this scale. */
  readonly work: (scale: number) => string;
  /** The first contender is this program. */
  readonly contenders: (stage: Stage) => Promise<readonly Contender[]>;
};
