import type { RemovalIntended } from '../journal/event-removal.ts';
import type { RunOutcome } from '../journal/event-run.ts';
import { kinds } from '../model/kind.ts';
import { pathOf } from '../model/item.ts';
import { countOf, formatBytes, formatCount, printable, singular } from './format.ts';

/** `why`: it could not be put back, and nothing was overwritten; `next`: what to do about it. */
export type UndoOutcome = {
  readonly intent: RemovalIntended;
  readonly why: string | undefined;
  readonly next?: string | undefined;
};

export function undoText(outcomes: readonly UndoOutcome[]): string {
  const lines: string[] = [];
  const restored = outcomes.filter(({ why }) => why === undefined).map(({ intent }) => intent);
  for (const kind of kinds) {
    const of = restored.filter((intent) => intent.kind === kind);
    const bytes = of.reduce((sum, intent) => sum + intent.bytes, 0);
    if (of.length > 0) lines.push(`✓ Put back ${countOf(kind, of.length)}, ${formatBytes(bytes)}`);
  }
  if (restored.some(({ kind }) => kind === 'worktrees')) {
    lines.push('Worktrees are as git knows them: what it ignored (node_modules, say) has to be made again.');
  }
  if (restored.length > 0) {
    lines.push('A later run may remove it again, unless it is held: prodigy clean hold ID --reason WHY');
  }
  const failed = outcomes.filter(({ why }) => why !== undefined);
  if (failed.length > 0)
    lines.push(`${formatCount(failed.length, 'item')} could not be put back; nothing was overwritten:`);
  for (const { intent, why = '', next } of failed) {
    lines.push(`  ✗ ${singular(intent.kind)} ${printable(intent.name)}: ${printable(why)}`);
    if (next !== undefined) lines.push(`    try: ${next}`);
  }
  return `${lines.join('\n')}\n`;
}

export function undoDocument(
  run: string,
  outcome: RunOutcome,
  exitCode: number,
  outcomes: readonly UndoOutcome[],
): Record<string, unknown> {
  const items = outcomes.map(({ intent: { item, kind, name, bytes }, why, next }) => ({
    id: item,
    kind,
    name,
    path: pathOf(item),
    bytes,
    outcome: why === undefined ? 'restored' : 'failed',
    ...(why === undefined ? {} : { why }),
    ...(next === undefined ? {} : { next }),
  }));
  return { schema: 'prodigy-clean/1', run, outcome, exitCode, items };
}

/** No run was begun: there is nothing that could be put back, and `message` says why. */
export function nothingDocument(exitCode: number, message: string): Record<string, unknown> {
  const error = { type: 'nothing-to-put-back', message };
  return { schema: 'prodigy-clean/1', outcome: 'failed', exitCode, items: [], error };
}
