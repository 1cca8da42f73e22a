import type { Sample } from './row.ts';
import { median, summaryOf, type Summary } from './statistics.ts';

/** The samples of each contender that took part, by name. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** What DESIGN 9 asks of a work. `of` and `to` are names of contenders. */
export type Target =
  | { readonly type: 'ratio'; readonly of: string; readonly to: string; readonly most: number }
  | { readonly type: 'memory-ratio'; readonly of: string; readonly to: string; readonly most: number }
  | { readonly type: 'time'; readonly of: string; readonly mostMs: number }
  | { readonly type: 'memory'; readonly of: string; readonly mostBytes: number }
  | { readonly type: 'count'; readonly of: string; readonly name: string; readonly most: number };

export type Judged = {
  readonly target: Target;
  readonly verdict: 'met' | 'missed' | 'not-measured';
  /** Absent when it was not measured. */
  readonly value?: Summary;
};

/** A ratio is that of the medians; its spread, that of the rounds. */
export function judge(target: Target, samples: Samples): Judged {
  const value = valueOf(target, samples);
  if (value === undefined) return { target, verdict: 'not-measured' };
  return { target, value, verdict: value.median <= mostOf(target) ? 'met' : 'missed' };
}

export function mostOf(target: Target): number {
  switch (target.type) {
    case 'time':
      return target.mostMs;
    case 'memory':
      return target.mostBytes;
    default:
      return target.most;
  }
}

function valueOf(target: Target, samples: Samples): Summary | undefined {
  const values = (name: string): readonly number[] =>
    (samples.get(name) ?? [])
      .map((sample) => measured(target, sample))
      .filter((value) => value !== undefined);
  const ours = values(target.of);
  if (ours.length === 0) return undefined;
  if (target.type !== 'ratio' && target.type !== 'memory-ratio') return summaryOf(ours);
  const theirs = values(target.to);
  if (theirs.length === 0) return undefined;
  const ratios = ours.flatMap((value, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [value / other];
  });
  return { ...summaryOf(ratios), median: median(ours) / median(theirs) };
}

function measured(target: Target, sample: Sample): number | undefined {
  if (target.type === 'ratio' || target.type === 'time') return sample.ms;
  if (target.type === 'count') return sample.counts?.[target.name];
  return sample.peakBytes;
}
