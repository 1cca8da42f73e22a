/** UTC milliseconds as ISO text. A pure conversion: no clock is read here. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

/** ISO text in UTC to milliseconds; `undefined` when it is not a time. */
export function fromIso(text: string): number | undefined {
  if (!text.endsWith('Z')) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
