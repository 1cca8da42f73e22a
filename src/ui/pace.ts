import { formatBytes, formatWhole } from './format.ts';

/** How far a run has come. `work` of `ofWork` is what time goes by; items and bytes are what people see. */
export type Pace = {
  readonly items: number;
  readonly bytes: number;
  readonly work: number;
  readonly ofWork: number;
};

/** Earlier than this a rate is a guess. */
const ratesAfterMs = 2_000;

/** What remains is told when enough is done to compare it with. */
const forecastAfterMs = 3_000;
const forecastAfterShare = 0.05;

/** `45/s, 12 MB/s, about 2m left`: nothing that is not known yet. */
export function paceText({ items, bytes, work, ofWork }: Pace, elapsedMs: number): readonly string[] {
  if (elapsedMs < ratesAfterMs || items === 0) return [];
  const perSecond = (items * 1_000) / elapsedMs;
  const rate = perSecond >= 10 ? formatWhole(Math.round(perSecond)) : perSecond.toFixed(1);
  const share = ofWork === 0 ? 0 : Math.min(1, work / ofWork);
  const isKnown = elapsedMs >= forecastAfterMs && share >= forecastAfterShare && share < 1;
  return [
    `${rate}/s`,
    `${formatBytes((bytes * 1_000) / elapsedMs)}/s`,
    ...(isKnown ? [`about ${leftText((elapsedMs * (1 - share)) / share)} left`] : []),
  ];
}

/** Rounded up, and no finer than it can be known. */
function leftText(ms: number): string {
  const seconds = Math.max(5, Math.ceil(ms / 5_000) * 5);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.ceil(ms / 60_000);
  return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
