import { join } from 'node:path';
import { hashLength } from './chain.ts';
import type { Link } from './entry.ts';
import type { SegmentSealed } from './event-journal.ts';
import { segmentsPath } from './layout.ts';
import type { KeyedProjection } from './projection.ts';

/** A stretch of entries that lies sealed in a file of its own. */
export type Segment = Omit<SegmentSealed, 'type'>;

/** One row for each sealed segment, in their order. Always stored: without it sealed entries could not be found. */
export const segmentRows: KeyedProjection<Segment> = {
  name: 'segment',
  version: 1,
  keyOf: ({ event }) => (event.type === 'SegmentSealed' ? segmentName(event.segment) : undefined),
  apply: (row, { event }) => {
    if (event.type !== 'SegmentSealed') return row;
    const { segment, from, to, lastHash, sha256 } = event;
    return { segment, from, to, lastHash, sha256 };
  },
};

export function segmentPath(directory: string, segment: number): string {
  return join(segmentsPath(directory), `${segmentName(segment)}.jsonl`);
}

/** As `sha256sum --check` reads it. */
export function sha256Path(directory: string, segment: number): string {
  return join(segmentsPath(directory), `${segmentName(segment)}.sha256`);
}

export function sha256Text({ segment, sha256 }: Pick<Segment, 'segment' | 'sha256'>): string {
  return `${sha256}  ${segmentName(segment)}.jsonl\n`;
}

const beforeHash = '{"hash":"';
const beforeText = '","entry":';
const textAt = beforeHash.length + hashLength + beforeText.length;

/** An entry as a line of JSON that holds its stored text to the letter. */
export function segmentLine(hash: string, text: string): string {
  return `${beforeHash}${hash}${beforeText}${text}}\n`;
}

/** `undefined` when it is no such line. */
export function parseSegmentLine(line: string): (Pick<Link, 'hash'> & { readonly text: string }) | undefined {
  const isLine =
    line.startsWith(beforeHash) &&
    line.startsWith(beforeText, beforeHash.length + hashLength) &&
    line.endsWith('}');
  if (!isLine) return undefined;
  return {
    hash: line.slice(beforeHash.length, beforeHash.length + hashLength),
    text: line.slice(textAt, -1),
  };
}

/** The first entry up to `baseSeq` that no segment has: it was sealed, and nothing tells where it lies. */
export function firstUnsealed(segments: readonly Segment[], baseSeq: number): number | undefined {
  let next = 0;
  for (const { from, to } of segments) if (from === next && to <= baseSeq) next = to + 1;
  return next <= baseSeq ? next : undefined;
}

function segmentName(segment: number): string {
  return String(segment).padStart(6, '0');
}
