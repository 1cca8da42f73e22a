import { treeOf } from '../../src/commands/tree/tree-of.ts';
import type { CommandPage } from '../../src/ui/command-page.ts';
import { helpText } from '../../src/ui/help-text.ts';

/** The help of each command there is, as on a terminal of 100 columns. */
export function helps(): ReadonlyMap<string, string> {
  return new Map(
    allOf(treeOf().root).map((page) => [`help ${page.path}`, `${helpText(page, 100).trimEnd()}\n`]),
  );
}

function allOf(page: CommandPage): readonly CommandPage[] {
  return page.name === 'help' ? [] : [page, ...page.commands.flatMap(allOf)];
}
