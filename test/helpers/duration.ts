const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** How long ago, as text: `8d`, `30h`, `1d12h`, `0s`; a leading `-` is the future. Throws on anything else. */
export function durationMs(text: string): number {
  const unsigned = text.startsWith('-') ? text.slice(1) : text;
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(unsigned)) throw new Error(`not a duration: ${text}`);
  let sumMs = 0;
  for (const [, count = '', unit = ''] of unsigned.matchAll(/(\d+)(ms|s|m|h|d|w)/g)) {
    sumMs += Number(count) * (unitMs[unit] ?? 0);
  }
  return text.startsWith('-') ? -sumMs : sumMs;
}
