const rfc3339 = /^\d{4}-(\d{2})-(\d{2})T(\d{2}):\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const compact = /^(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})$/;

/** Years before there was a Prodigy: who wrote of an earlier time had a clock that had lost its own. */
const earliestMs = Date.UTC(2015, 0, 1);
const longMonths = new Set(['01', '03', '05', '07', '08', '10', '12']);

/**
 * UTC milliseconds of a time as Prodigy writes it: RFC 3339 with 0 to 9 digits of fraction, `Z` or an offset.
 * Cut to milliseconds, so never compare two of them for equality.
 *
 * @returns `undefined` for what is no time, or the time of a clock that was reset
 */
export function instantMs(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, month = '', day = '', hour = ''] = match;
  // JavaScript takes the 30th of February for the 2nd of March, and 24 o'clock for the next day.
  if (hour === '24' || (day === '31' && !longMonths.has(month))) return undefined;
  const ms = Date.parse(text);
  if (month === '02' && day > '28' && !isLeapDay(text, day)) return undefined;
  return believableMs(ms);
}

/** `undefined` for no number, and for a time before there was a Prodigy. */
export function believableMs(ms: number): number | undefined {
  return ms >= earliestMs ? ms : undefined;
}

function isLeapDay(text: string, day: string): boolean {
  const year = Number(text.slice(0, 4));
  return day === '29' && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
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
