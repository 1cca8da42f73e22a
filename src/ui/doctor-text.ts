import { groupBy } from '../model/groups.ts';
import { odditySorts, type OdditySort, type Severity } from '../model/oddity.ts';
import type { Finding } from './finding.ts';
import { formatCount, printable } from './format.ts';
import type { Colours } from './terminal.ts';

export type DoctorView = {
  readonly roots: readonly string[];
  readonly firstRoot: string;
  readonly findings: readonly Finding[];
  /** `undefined`: there is no journal, or none that can be read. */
  readonly journalEntries: number | undefined;
  /** A run is under way: what it is in the middle of was not looked for. */
  readonly isBusy: boolean;
};

const headings: Readonly<Record<OdditySort, string>> = {
  root: 'The storage root',
  unreadable: 'What cannot be read or changed',
  journal: 'The journal',
  operations: 'What was begun and has not ended',
  quarantine: 'Quarantine, and what is kept for undo',
  snapshots: 'Snapshots of work in git',
  locks: 'Locks',
  git: 'Worktrees and git',
  records: 'Records, and what they speak of',
  links: 'Symbolic links',
  unknown: 'Names that nobody knows',
  scratch: 'Left-overs',
};

const marks: Readonly<Record<Severity, string>> = { problem: '✗', warning: '!', info: '·' };

/** Of one type so many are told; the rest is counted. */
const maxTold = 10;

export function doctorText(view: DoctorView, isFull: boolean, colours: Colours): string {
  const { findings, roots, firstRoot, isBusy } = view;
  const busy = isBusy
    ? 'A run is under way: quarantine, snapshots, git and whatever else it is in the middle of were not looked at.\n'
    : '';
  if (roots.length === 0 && findings.length === 0)
    return `There is no Prodigy storage at ${printable(firstRoot)}: nothing can be odd.\n`;
  if (findings.length === 0)
    return `${busy}✓ Nothing odd in ${roots.map(printable).join(' and ')}${journalText(view)}.\n`;
  const groups = odditySorts.flatMap((sort) => {
    const of = findings.filter((finding) => finding.sort === sort);
    return of.length === 0 ? [] : [[colours.bold(headings[sort]), ...told(of, isFull)].join('\n')];
  });
  return `${[...groups, `${busy}${summary(view)}`].join('\n\n')}\n`;
}

function told(findings: readonly Finding[], isFull: boolean): readonly string[] {
  return [...groupBy(findings, ({ type }) => type).values()].flatMap((all) => {
    const shown = isFull ? all : all.slice(0, maxTold);
    const hidden = all.length - shown.length;
    const folded =
      hidden === 0
        ? []
        : [`  ... and ${formatCount(hidden, 'more like it', 'more like these')}; --full lists them`];
    return [...shown.flatMap(lines), ...folded];
  });
}

function lines({ severity, path, detail, matters, next }: Finding): readonly string[] {
  return [
    `  ${marks[severity]} ${printable(path)}`,
    `      ${detail}`,
    `      matters  ${matters}`,
    `      next     ${next}`,
  ];
}

function summary(view: DoctorView): string {
  const { problem, warning, info } = countsOf(view.findings);
  const counts = [
    formatCount(problem, 'problem'),
    formatCount(warning, 'warning'),
    formatCount(info, 'harmless oddity', 'harmless oddities'),
  ];
  return `${counts.join(', ')}${journalText(view)}. Nothing was changed.`;
}

/** Says how little of the journal was read. */
function journalText({ journalEntries }: DoctorView): string {
  return journalEntries === undefined
    ? ''
    : `; the journal (${formatCount(journalEntries, 'entry', 'entries')}) was checked at its ends, prodigy clean log verify reads all of it`;
}

function countsOf(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (of: Severity): number => findings.filter(({ severity }) => severity === of).length;
  return { problem: count('problem'), warning: count('warning'), info: count('info') };
}

/** Keys may be added, never renamed. */
export function doctorDocument(view: DoctorView, exitCode: number): Record<string, unknown> {
  const { roots, findings, journalEntries, isBusy } = view;
  const order = (finding: Finding): number => odditySorts.indexOf(finding.sort);
  return {
    schema: 'prodigy-clean/1',
    exitCode,
    roots,
    counts: countsOf(findings),
    findings: findings
      .toSorted((a, b) => order(a) - order(b))
      .map(({ sort, type, path, severity, detail, matters, next }) => {
        return { sort, type, path, severity, detail, matters, next };
      }),
    journal: journalEntries === undefined ? null : { entries: journalEntries, checked: 'ends' },
    runUnderWay: isBusy,
  };
}
