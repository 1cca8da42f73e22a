import { look } from '../cleaners/look.ts';
import type { RunPolicy } from '../journal/event-run.ts';
import type { Item, ItemId } from '../model/item.ts';
import { kinds } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { Doubt, Verdict } from '../model/reason.ts';
import { explains } from '../policy/order.ts';
import { judgeAll } from '../policy/verdict.ts';
import {
  consider,
  noMatches,
  rankOf,
  type ItemQuery,
  type Known,
  type Matches,
} from '../projections/item-match.ts';
import { placesOf } from './journal-access.ts';
import { noRules, runPolicy } from './looking.ts';
import { pinsSeen } from './pins-now.ts';
import type { Shell } from './shell.ts';

/** What the storage shows of what is asked for, judged by the default rules over all repositories. */
export type FreshLook = {
  readonly matches: Matches;
  readonly policy: RunPolicy;
  readonly itemOf: (id: ItemId) => Promise<{ readonly item: Item; readonly verdict: Verdict } | undefined>;
  /** Something that is no item and was left alone, by the path that is asked for. */
  readonly oddity: Doubt | undefined;
};

/** Reads only, and needs no lock. What is not asked for is neither measured nor shown to git. */
export async function freshLook(
  query: ItemQuery,
  known: Matches,
  shell: Pick<Shell, 'config' | 'clock' | 'cwd' | 'readProcesses'>,
): Promise<FreshLook> {
  const policy = runPolicy(shell.clock(), undefined, kinds, noRules);
  const { pins } = await pinsSeen(shell, policy.nowMs);
  const matches = { ...noMatches(), rank: known.rank, items: new Map(known.items) };
  for (const id of known.similar) matches.similar.add(id);
  const found = await lookAt(
    (item) => {
      const one = knownOf(item);
      consider(matches, one, query);
      const rank = rankOf(one, query);
      return known.items.has(item.id) || (rank !== undefined && rank <= matches.rank);
    },
    policy,
    shell,
  );
  return {
    matches,
    policy,
    oddity: found.oddities.find(
      ({ path }) =>
        path !== undefined && query.paths.some((asked) => asked === path || asked.startsWith(`${path}/`)),
    ),
    itemOf: async (id) => {
      const item = found.items.find((one) => one.id === id);
      if (item === undefined) return undefined;
      // Whether it may go can hang on what it explains: then that is looked at, too.
      const dependants = new Set(explains(item));
      const whole =
        dependants.size === 0
          ? found
          : await lookAt((one) => one.id === id || dependants.has(one.id), policy, shell);
      const verdict = judgeAll(whole, policy, {
        scope: { allRepositories: true, repositories: [], kinds },
        pins,
      }).get(id);
      return verdict === undefined ? undefined : { item, verdict };
    },
  };
}

async function lookAt(
  wants: (item: Item) => boolean,
  { nowMs }: RunPolicy,
  { config, cwd, readProcesses }: Pick<Shell, 'config' | 'cwd' | 'readProcesses'>,
): Promise<Look> {
  const { roots, host } = config;
  if (roots.length === 0) {
    return { items: [], owners: new Map(), links: [], oddities: [], processesReadable: true };
  }
  const places = await placesOf({ config, cwd });
  return (await look({ roots, kinds, wants, nowMs, host, ownPid: process.pid, readProcesses, places })).look;
}

function knownOf({ id, name, path, parts }: Item): Known {
  return { id, name, paths: [path, ...parts.map((part) => part.path).filter((part) => part !== path)] };
}
