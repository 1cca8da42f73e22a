let last = { ms: 0, text: new Date(0).toISOString() };

/** UTC milliseconds as ISO text. A pure conversion, remembered: many entries are of one millisecond. */
export function toIso(ms: number): string {
  if (last.ms !== ms) last = { ms, text: new Date(ms).toISOString() };
  return last.text;
}

let lastRead: { readonly text: string; readonly ms: number | undefined } = { text: '', ms: undefined };

/** ISO text in UTC to milliseconds; `undefined` when it is not a time. Remembered likewise. */
export function fromIso(text: string): number | undefined {
  if (lastRead.text !== text) lastRead = { text, ms: parsed(text) };
  return lastRead.ms;
}

function parsed(text: string): number | undefined {
  if (!text.endsWith('Z')) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
