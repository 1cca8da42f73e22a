import type { JournalOddity } from '../model/oddity.ts';
import { nothingToDo, type Words } from './finding.ts';
import { printable } from './format.ts';

const evidence = 'it is the record of what was removed: nothing that it says can be relied on';

export function wordsOfJournal(oddity: JournalOddity): Words {
  const sort = 'journal';
  const severity = 'problem';
  switch (oddity.type) {
    case 'journal-unread':
      return {
        sort,
        severity,
        detail: printable(oddity.detail),
        matters:
          'no run removes anything without it, and quarantine and operations were not compared with it',
        next: oddity.next ?? 'prodigy clean log verify',
      };
    case 'journal-tail-missing':
      return {
        sort,
        severity,
        detail: `entries are missing at the end: anchor.json knows #${oddity.anchorSeq}, it ends at #${oddity.headSeq}`,
        matters: 'no run begins while that is unexplained',
        next: 'prodigy clean log verify',
      };
    case 'journal-anchor-differs':
      return {
        sort,
        severity,
        detail: `#${oddity.seq} is not the entry that anchor.json knows`,
        matters: evidence,
        next: 'prodigy clean log verify',
      };
    case 'journal-anchor-unreadable':
      return {
        sort,
        severity,
        detail: printable(oddity.detail),
        matters: 'whether entries are missing at the end cannot be told',
        next: 'prodigy clean log verify',
      };
    case 'journal-segment-missing':
      return {
        sort,
        severity,
        detail: `the file of sealed segment ${oddity.segment} is missing`,
        matters: 'its entries are lost without it, and no run begins',
        next: 'restore the file from a backup; prodigy clean log verify says which entries it held',
      };
    case 'journal-away':
      return {
        sort,
        severity: 'warning',
        detail: `the journal lies here, and not in ${printable(oddity.home)}: its disk was full`,
        matters: oddity.isVolatile
          ? 'it is lost when the machine starts again before it comes home'
          : 'it comes home with the first run that finds room',
        next: 'free 16 MiB there, then: prodigy clean resume',
      };
    case 'reserve-missing':
      return {
        sort,
        severity: oddity.isRoomy ? 'info' : 'warning',
        detail: 'the reserve of 8 MiB for a full disk is not there',
        matters: oddity.isRoomy
          ? 'the next run that removes something writes it again'
          : 'there is no room for it: when the disk is full, no run may be able to journal, and so to remove',
        next: oddity.isRoomy ? nothingToDo : 'prodigy clean --all --all-repos --dry-run',
      };
    case 'identity-missing':
      return {
        sort,
        severity: 'warning',
        detail: 'identity.json is not there, which says that there is a journal',
        matters: 'the entries are there; the next run writes it again from the first of them',
        next: 'prodigy clean log verify',
      };
    case 'anchor-missing':
      return {
        sort,
        severity: 'warning',
        detail: 'anchor.json is not there, which says how far the journal was',
        matters: 'whether entries are missing at the end cannot be told; the next run writes it again',
        next: 'prodigy clean log verify',
      };
  }
}
