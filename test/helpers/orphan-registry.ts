import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { stamp } from './stamps.ts';

/** `orphaned_worktrees/<repository>/<job>.json`. The paths are written as given, wherever they lead. */
export async function orphanRegistry(
  home: ProdigyHome,
  spec: {
    readonly repository: string;
    readonly job: string;
    readonly ago: string;
    readonly entries: readonly { readonly path: string; readonly agent: number }[];
  },
): Promise<string> {
  const atMs = msAgo(home, spec.ago);
  const content = pretty(
    spec.entries.map(({ path, agent }) => ({
      path,
      agent_id: `${spec.job}_agent_${agent}`,
      item_id: `item_${agent}`,
      failed_at: stamp(atMs),
      error: 'Failed to remove worktree: Directory not empty',
    })),
  );
  return writeAged(join(home.root, 'orphaned_worktrees', spec.repository, `${spec.job}.json`), content, atMs);
}
