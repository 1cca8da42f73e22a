import { believableMs, compactMs, newest } from './time.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const session = new RegExp(`^(?:workflow-(\\d{13})|session-${uuid}|session-mapreduce-(\\d{8}_\\d{6}))$`);
const job = /^mapreduce-(?:(\d{8}_\d{6})|(\d{13}))$/;
const agent = /^mapreduce-agent-(.+)_agent_\d+$/;
const log = new RegExp(`^(\\d{8}_\\d{6})-${uuid}\\.jsonl$`);
const events =
  /^(?:events-(\d{8}_\d{6})(?:\.(\d{8}_\d{6}))?\.jsonl(?:\.gz|\.bak)?|events\.jsonl|event_[\w.+-]+\.jsonl)$/;
const archived = /^events?_archive_[\w.+-]+\.jsonl(?:\.gz)?$/;

const maxIdBytes = 200;

/**
 * Whether a text may be believed to be the id of a session or job. Ids become names of files, and those that were read
 * from files are whatever somebody wrote: only one plain component of a path is one.
 */
export function isPlainId(text: string): boolean {
  return (
    text !== '' &&
    text !== '.' &&
    text !== '..' &&
    // Controls, halves of characters, separators of any system.
    !/[\p{Cc}\p{Cs}/\\]/u.test(text) &&
    Buffer.byteLength(text) <= maxIdBytes
  );
}

/** Whether Prodigy would have made up this name for a session (PRODIGY-STORAGE 1.5). */
export function looksLikeSession(name: string): boolean {
  return session.test(name);
}

export function looksLikeJob(name: string): boolean {
  return job.test(name);
}

/** The job of an agent's worktree directory. */
export function jobOfAgent(directory: string): string | undefined {
  return agent.exec(directory)?.[1];
}

export function looksLikeLog(name: string): boolean {
  return log.test(name);
}

export function looksLikeEvents(name: string): boolean {
  return events.test(name);
}

export function looksLikeArchivedEvents(name: string): boolean {
  return archived.test(name);
}

/** The job that `session-mapreduce-<time>` stood for in older releases. */
export function jobOfOldSession(name: string): string | undefined {
  const time = session.exec(name)?.[2];
  return time === undefined ? undefined : `mapreduce-${time}`;
}

/** When a session, job or agent was made, if its name tells; UTC milliseconds. */
export function nameMs(name: string): number | undefined {
  const asSession = session.exec(name);
  if (asSession?.[1] !== undefined) return believableMs(Number(asSession[1]));
  if (asSession?.[2] !== undefined) return compactMs(asSession[2]);
  const asJob = job.exec(jobOfAgent(name) ?? name);
  if (asJob?.[1] !== undefined) return compactMs(asJob[1]);
  return asJob?.[2] === undefined ? undefined : believableMs(Number(asJob[2]));
}

export function logNameMs(name: string): number | undefined {
  const time = log.exec(name)?.[1];
  return time === undefined ? undefined : compactMs(time);
}

/** `startMs` is when the run began, `lastMs` when the file was rotated, if it was. */
export function eventNameMs(name: string): {
  readonly startMs: number | undefined;
  readonly lastMs: number | undefined;
} {
  const match = events.exec(name);
  const startMs = match?.[1] === undefined ? undefined : compactMs(match[1]);
  const rotatedMs = match?.[2] === undefined ? undefined : compactMs(match[2]);
  return { startMs, lastMs: newest(startMs, rotatedMs) };
}
