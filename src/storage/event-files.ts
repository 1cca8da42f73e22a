import * as v from 'valibot';
import type { Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { readTail } from './bounded-read.ts';
import { eventNameMs, looksLikeEvents } from './names.ts';
import type { Seen } from './see.ts';
import { instantMs, newest } from './time.ts';
import { readTree } from './tree.ts';

/** One directory of event files. */
export type EventFiles = {
  /** When the process began that made them, from the file names; the heuristic of PRODIGY-STORAGE 6.1 wants it. */
  readonly startsMs: readonly number[];
  /** Newest of the last record and the times in names. */
  readonly recordedAtMs: number | undefined;
  readonly doubts: readonly Doubt[];
  readonly youngestSignMs: number;
  readonly size: Size | undefined;
  readonly stamp: string;
};

const tailBytes = 64 * 1024;
const recordSchema = v.object({ timestamp: v.string() });

export function readEventFiles(directory: Seen): EventFiles {
  const tree = readTree(
    directory,
    (segments, type) =>
      type === 'file' &&
      segments.length === 1 &&
      (segments[0] === 'index.json' || looksLikeEvents(segments[0] ?? '')),
  );
  const startsMs: number[] = [];
  let recordedAtMs: number | undefined;
  for (const file of tree.files) {
    const { startMs, lastMs } = eventNameMs(file.name);
    if (startMs !== undefined) startsMs.push(startMs);
    recordedAtMs = newest(recordedAtMs, lastMs, lastRecordMs(file));
  }
  return {
    startsMs,
    recordedAtMs,
    doubts: tree.doubts,
    youngestSignMs: tree.youngestSignMs,
    size: tree.size,
    stamp: tree.stamp,
  };
}

/** Time of the last whole record in the last 64 KiB. Lines that cannot be read do not matter: it is history. */
export function lastRecordMs(file: Seen): number | undefined {
  if (file.identity.size === 0 || !file.path.includes('.jsonl')) return undefined;
  const lines = (readTail(file.path, tailBytes) ?? '').split('\n');
  for (const line of lines.reverse()) {
    const timeMs = recordMs(line);
    if (timeMs !== undefined) return timeMs;
  }
  return undefined;
}

function recordMs(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const checked = v.safeParse(recordSchema, JSON.parse(line));
    return checked.success ? instantMs(checked.output.timestamp) : undefined;
  } catch {
    return undefined;
  }
}
