import type { Finding } from '../journal/verify.ts';
import { printable } from './format.ts';

/** Whatever `log verify` can find, as far as it is told. */
export type FindingView =
  | Finding
  | {
      readonly type: 'illegal-transition';
      readonly seq: number;
      readonly op: string;
      readonly from: string;
      readonly event: string;
    }
  | {
      readonly type: 'part-missing' | 'part-foreign';
      readonly op: string;
      readonly item: string;
      readonly path: string;
    }
  | { readonly type: 'quarantine-unknown'; readonly path: string };

/** The first entry from which on, for this finding, the journal cannot be trusted; `undefined` when it is about none. */
export function badSeqOf(finding: FindingView): number | undefined {
  switch (finding.type) {
    case 'tail-missing':
    case 'kept-anchor-ahead':
      return finding.headSeq + 1;
    default:
      return 'seq' in finding ? finding.seq : undefined;
  }
}

/** One finding in one line. */
export function findingText(finding: FindingView): string {
  const at = badSeqOf(finding);
  return `${at === undefined ? '' : `#${at} `}${sentenceOf(finding)}`;
}

function sentenceOf(finding: FindingView): string {
  switch (finding.type) {
    case 'entry-damaged':
    case 'segment-damaged':
    case 'database-damaged':
    case 'rows-damaged':
    case 'anchor-unreadable':
    case 'identity-differs':
      return printable(finding.detail);
    case 'tail-missing':
      return `entries are missing at the end: anchor.json knows #${finding.anchorSeq}, the journal ends at #${finding.headSeq}`;
    case 'anchor-differs':
      return 'it is not the entry that anchor.json knows';
    case 'kept-anchor-ahead':
      return `entries are missing at the end: the anchor that was kept knows #${finding.anchorSeq}, the journal ends at #${finding.headSeq}`;
    case 'kept-anchor-differs':
      return 'it is not the entry that the anchor that was kept knows: the journal was rewritten';
    case 'kept-anchor-foreign':
      return `the anchor that was kept is of another journal: ${printable(finding.journalId)}`;
    case 'kept-anchor-unread':
      return `the anchor that was kept was not compared: #${finding.anchorSeq} was not read`;
    case 'row-differs':
      return `a stored row is not what the entries say: ${finding.projection} ${printable(finding.key)}`;
    case 'illegal-transition':
      return `${finding.event} cannot be: operation ${printable(finding.op)} was ${finding.from}`;
    case 'part-missing':
      return `it is not where the journal has it: ${printable(finding.path)} (${printable(finding.item)})`;
    case 'part-foreign':
      return `something else lies in its place in quarantine: ${printable(finding.path)} (${printable(finding.item)})`;
    case 'quarantine-unknown':
      return `in quarantine, and no open operation put it there: ${printable(finding.path)}`;
  }
}
