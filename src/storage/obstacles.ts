import { dirname, join, sep } from 'node:path';
import type { Witness } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import type { Survey } from './entries.ts';
import { vitalContainers } from './layout.ts';
import { see } from './see.ts';

/**
 * What stands in the way of the files that would show that an owner came to life: a link in place of a directory, a pipe
 * in place of a file. The last look would find something there that the first could not, and refuse whatever was planned.
 */
export type Obstacles = {
  /** Of a session, by its id, or a job; `undefined`: nothing hides what it has. */
  doubtOf(witnesses: () => readonly Witness[], session?: string): Doubt | undefined;
};

export function obstacles({ survey }: { readonly survey: Survey }): Obstacles {
  const inTheWay = new Map<string, Doubt>();
  const vital = survey.roots.flatMap((root) => vitalContainers.map((name) => join(root, name)));
  const blind = survey.blind.map(({ doubt }) => doubt);
  for (const doubt of [...survey.oddities, ...blind]) {
    const { path } = doubt;
    if (path === undefined) continue;
    if (vital.some((one) => path === one || path.startsWith(one + sep))) inTheWay.set(path, doubt);
  }
  const pools = blind.flatMap(({ path }) => {
    const isPool =
      path !== undefined && survey.roots.some((root) => dirname(path) === join(root, 'worktrees'));
    return isPool ? [path] : [];
  });

  const above = (path: string): Doubt | undefined => {
    for (let at = path; ; at = dirname(at)) {
      const found = inTheWay.get(at);
      if (found !== undefined || dirname(at) === at) return found;
    }
  };
  return {
    doubtOf(witnesses, session) {
      // Hardly ever is there any, and there may be ten thousand sessions.
      if (inTheWay.size === 0) return undefined;
      const unseen = witnesses().flatMap(({ path, identity }) => (identity === undefined ? [path] : []));
      const own = session === undefined ? [] : pools.map((pool) => join(pool, session));
      for (const path of [...unseen, ...own]) {
        const obstacle = above(path);
        if (obstacle === undefined) continue;
        const there = see(path);
        if (there.isOk() && there.value === undefined) continue;
        const { reason, path: where = path } = obstacle;
        return { reason, detail: 'what would show that it runs cannot be looked at', path: where };
      }
      return undefined;
    },
  };
}
