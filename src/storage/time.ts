const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const compact = /^(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})$/;

/**
 * UTC milliseconds of a time as Prodigy writes it: RFC 3339 with 0 to 9 digits of fraction, `Z` or an offset.
 * Cut to milliseconds, so never compare two of them for equality.
 */
export function instantMs(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
}

/** `20251228_031129`, as in file and job names: UTC, whole seconds. */
export function compactMs(text: string): number | undefined {
  const match = compact.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return instantMs(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The newest of the times that are known. */
export function newest(...times: readonly (number | undefined)[]): number | undefined {
  let latest: number | undefined;
  for (const time of times) {
    if (time !== undefined && (latest === undefined || time > latest)) latest = time;
  }
  return latest;
}
