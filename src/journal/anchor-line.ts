import { hashLength } from './chain.ts';
import type { KeptAnchor } from './verify.ts';

const word = 'prodigy-clean-anchor';

/** One line that says how far a journal was: kept elsewhere, it gives away what is cut off or rewritten later. */
export function anchorLine({ journalId, seq, hash }: KeptAnchor, at: string): string {
  return `${word} ${journalId} ${seq} ${hash} ${at}`;
}

export function isAnchorLine(text: string): boolean {
  return text.trimStart().startsWith(`${word} `);
}

/** All anchors in a text, one a line; `undefined` when a line that is not empty is none. */
export function parseAnchorLines(text: string): readonly KeptAnchor[] | undefined {
  const anchors: KeptAnchor[] = [];
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [first, journalId, seq, hash, ...rest] = line.split(/\s+/);
    const isAnchor =
      first === word &&
      journalId !== undefined &&
      /^\d{1,15}$/.test(seq ?? '') &&
      hash?.length === hashLength &&
      /^[0-9a-f]+$/.test(hash) &&
      rest.length <= 1;
    if (!isAnchor || hash === undefined) return undefined;
    anchors.push({ journalId, seq: Number(seq), hash });
  }
  return anchors.length === 0 ? undefined : anchors;
}
