import { lacksSum } from '../journal/segment-file.ts';
import type { Segment } from '../journal/segment.ts';
import type { FindingView } from '../ui/finding-text.ts';
import { openToRead } from './journal-access.ts';
import type { Shell } from './shell.ts';

/** The segments that lack nothing but the sum beside them, when that is all that is wrong; none otherwise. */
export async function lackingSums(
  directory: string,
  wrong: readonly FindingView[],
  shell: Shell,
): Promise<readonly Segment[]> {
  const numbers = new Set(wrong.flatMap((one) => (one.type === 'segment-damaged' ? one.segment : [])));
  if (numbers.size !== wrong.length) return [];
  const opened = await openToRead(shell);
  if (opened.isErr()) return [];
  await using reader = opened.value;
  const lacking: Segment[] = [];
  for (const segment of reader.segments.filter((one) => numbers.has(one.segment)))
    if (await lacksSum(directory, segment)) lacking.push(segment);
  return lacking.length === wrong.length ? lacking : [];
}
