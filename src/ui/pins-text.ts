import type { Pin } from '../model/pin.ts';
import { formatTime, printable } from './format.ts';

/** What is on hold or abandoned, with why and until when: a line each. */
export function pinsText(pins: Iterable<Pin>): string {
  const lines: string[] = [];
  for (const { target, hold, abandoned } of pins) {
    const name = printable(target);
    if (hold !== undefined) {
      const until = hold.untilMs === undefined ? 'until it is released' : `until ${formatTime(hold.untilMs)}`;
      const where = hold.saidIn === undefined ? '' : `, by the journal of ${printable(hold.saidIn)}`;
      lines.push(`On hold ${until}${where}: ${name} (${printable(hold.reason)})\n`);
    }
    if (abandoned !== undefined) {
      lines.push(`Abandoned on ${formatTime(abandoned.atMs)}: ${name} (${printable(abandoned.reason)})\n`);
    }
  }
  return lines.join('');
}

export function pinDocument({ target, name, hold, abandoned }: Pin): Record<string, unknown> {
  return {
    id: target,
    name,
    ...(hold === undefined
      ? {}
      : {
          hold: {
            reason: hold.reason,
            since: iso(hold.atMs),
            ...(hold.untilMs === undefined ? {} : { until: iso(hold.untilMs) }),
            ...(hold.saidIn === undefined ? {} : { root: hold.saidIn }),
          },
        }),
    ...(abandoned === undefined
      ? {}
      : { abandoned: { reason: abandoned.reason, since: iso(abandoned.atMs) } }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
