import { stat } from 'node:fs/promises';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Anchor } from './anchor.ts';
import { sha256Of } from './chain.ts';
import type { Link } from './entry.ts';
import { checkSegment } from './segment-file.ts';
import { segmentPath, sha256Path } from './segment.ts';
import type { Segment } from './segment.ts';

/**
 * Whether the segments that hold what is no more in the database are still those that were sealed. They are read only
 * when one is not the file any more that the anchor knows, by size and times: at most openings none is.
 */
export async function checkSealed(
  directory: string,
  segments: readonly Segment[],
  base: Link,
  anchor: Anchor | undefined,
): Promise<Result<void, JournalFailure>> {
  const now = await sealedNow(directory, segments, base);
  if (now.segments !== undefined && now.segments === anchor?.segments) return ok(undefined);
  for (const segment of only(segments, base)) {
    const checked = await checkSegment(directory, segment);
    if (checked.isErr()) return err(checked.error);
  }
  return ok(undefined);
}

/** A sum over what the file system says of those segments; none when one is not there. */
export async function sealedNow(
  directory: string,
  segments: readonly Segment[],
  base: Link,
): Promise<Pick<Anchor, 'segments'>> {
  const lines: string[] = [];
  for (const { segment } of only(segments, base)) {
    for (const path of [segmentPath(directory, segment), sha256Path(directory, segment)]) {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) return {};
      lines.push(`${segment} ${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`);
    }
  }
  return lines.length === 0 ? {} : { segments: sha256Of(lines.join('\n')) };
}

/** Those that are not in the database, too: the others are compared with it before it lets go of them. */
function only(segments: readonly Segment[], base: Link): readonly Segment[] {
  return segments.filter(({ to }) => to <= base.seq);
}
