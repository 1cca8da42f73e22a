import { pathOf } from '../model/item.ts';
import { isKind } from '../model/kind.ts';
import { evidenceText, sentenceOf } from './entry-line.ts';
import { formatBytes, formatTime, printable, singular } from './format.ts';
import { ageBasisMs } from '../policy/age.ts';
import { runLine } from './run-line.ts';
import type { Colours } from './terminal.ts';
import type { WhyView } from './why-view.ts';

export function whyText(view: WhyView, colours: Colours): string {
  const sections = [headLines(view, colours), storyLines(view, colours), nowLines(view, colours)];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function headLines({ id, name, now }: WhyView, colours: Colours): readonly string[] {
  const kind = id.slice(0, id.indexOf(':'));
  const item = now?.item;
  const what = isKind(kind) ? singular(kind) : kind;
  const repository = item?.repository?.gitDir ?? item?.repository?.name;
  return [
    colours.bold(`${what} ${printable(name)}`),
    `  id          ${printable(id)}`,
    `  path        ${printable(pathOf(id))}`,
    ...(repository === undefined ? [] : [`  repository  ${printable(repository)}`]),
    ...(item?.size === undefined
      ? []
      : [`  size        ${formatBytes(item.size.bytes)}, aged from ${formatTime(ageBasisMs(item))}`]),
  ];
}

function storyLines({ story, withoutJournal }: WhyView, colours: Colours): readonly string[] {
  if (withoutJournal !== undefined) return [`The journal could not be asked: ${withoutJournal}`];
  if (story.length === 0) return ['The journal has nothing on it: no run has looked at it yet.'];
  const lines = [colours.bold('What the journal knows of it')];
  let current: string | undefined;
  for (const { recorded, run } of story) {
    const { entry } = recorded;
    if (entry.run !== current && run !== undefined) lines.push(`  ${runLine(run)}`);
    current = entry.run;
    lines.push(`    ${formatTime(entry.atMs)}  #${entry.seq}  ${sentenceOf(entry.event)}`);
  }
  return lines;
}

function nowLines({ now, recovery, story }: WhyView, colours: Colours): readonly string[] {
  const lines: string[] = [];
  if (now === undefined && recovery === undefined) {
    const seen = story.at(-1)?.recorded.entry.atMs;
    const since = seen === undefined ? '' : `; the last word on it is of ${formatTime(seen)}`;
    lines.push(`${colours.bold('Now')}: it is not in its place, and no run of this tool removed it${since}`);
  } else if (now === undefined && recovery !== undefined) {
    lines.push(`${colours.bold('Now')}: it is not in its place; ${recovery.sentence}`);
    if (recovery.command !== undefined)
      lines.push(`  ${recovery.possible ? 'to get it back' : 'next'}: ${recovery.command}`);
  } else if (now !== undefined) {
    const { verdict, release } = now;
    const said =
      verdict.type === 'keep' ? `kept: ${verdict.reason}` : `may go: ${verdict.reason}, ${verdict.proof}`;
    lines.push(`${colours.bold('Now')}: it is there; ${said} (${evidenceText(verdict.evidence)})`);
    lines.push(`  ${verdict.type === 'keep' ? 'to let it go' : 'to remove it'}: ${release.sentence}`);
    if (release.command !== undefined) lines.push(`    ${release.command}`);
  }
  return lines;
}
