import type { RunLocked } from '../model/failure.ts';
import type { Explanation } from './explain.ts';
import { formatTime, printable } from './format.ts';

/** A holder that can be seen is waited for; one that cannot is for a person to look after. */
export function explainLock(failure: RunLocked): Explanation {
  const { where, pid, host, since, command } = failure;
  const lock = printable(failure.path);
  if (where === 'unknown') {
    return {
      sentence: `The run lock ${lock} cannot be understood: another run may be under way.`,
      next: `look on every machine that uses this storage whether one is; if none is, delete ${lock} and try again`,
    };
  }
  const who = pid === undefined ? 'another run' : `process ${pid}`;
  const on = host === undefined ? '' : ` on ${printable(host)}`;
  const what = command === undefined ? '' : ` (${printable(command)})`;
  const begun = since === undefined ? '' : ` since ${sinceText(since)}`;
  return {
    sentence: `${capital(who)}${on}${what} ${where === 'here' ? 'has been cleaning' : 'has locked'} this storage${begun}.`,
    next:
      where === 'here' ? `wait until it has ended; the lock is ${lock}` : lockAdvice(where, lock, failure),
  };
}

function lockAdvice(
  where: 'host' | 'namespace' | 'kernel',
  lock: string,
  { host, pid }: Pick<RunLocked, 'host' | 'pid'>,
): string {
  const on = host === undefined ? '' : ` ${printable(host)}`;
  const holder = pid === undefined ? 'it' : `its process ${pid}`;
  const place = {
    host: `on${on}`,
    namespace: `in the other container or pid namespace on${on}`,
    kernel: `on the other machine that is called${on}, or before this one was started again`,
  }[where];
  return `look ${place} whether ${holder} still runs: from here that cannot be told. If nothing does, delete ${lock} and try again`;
}

function sinceText(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? printable(iso) : formatTime(ms);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
