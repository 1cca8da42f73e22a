import type { ItemView, RunView } from '../../src/ui/view.ts';
import { kinds } from '../../src/model/kind.ts';
import { defaultRetentionMs, policyOf } from '../../src/policy/retention.ts';

export const viewedAtMs: number = Date.UTC(2026, 10, 25, 12);

const dayMs = 24 * 3_600_000;

/** An item as a screen gets it: a finished log of 40 days, unless said otherwise. */
export function itemView(of: Partial<ItemView> & Pick<ItemView, 'name'>): ItemView {
  const kind = of.kind ?? 'logs';
  const path = `/home/ada/.prodigy/${kind}/${of.name}`;
  return {
    id: `${kind}:${path}`,
    kind,
    path,
    repository: 'api',
    bytes: 4096,
    ageMs: 40 * dayMs,
    verdict: 'remove',
    reason: 'expired',
    proof: of.verdict === 'keep' ? undefined : 'finished',
    evidence: {},
    deletes: 0,
    ...of,
  };
}

/** A run's screens of these items, with the default rules, over the one repository `api`. */
export function runView(items: readonly ItemView[], of: Partial<RunView> = {}): RunView {
  const { cutoffMs } = policyOf({ nowMs: viewedAtMs, kinds });
  return {
    run: 'run1234567890',
    plan: 'abcdef0123456789',
    dryRun: true,
    scope: {
      repositories: [{ name: 'api', path: '/src/api' }],
      allRepositories: false,
      roots: ['/home/ada/.prodigy'],
      kinds,
    },
    cutoffMs,
    retentionMs: defaultRetentionMs,
    items,
    outOfScope: 0,
    oddities: [],
    ...of,
  };
}

/** What a screen of so many columns shows cannot be wider: only a word that has no room at all may be. */
export function tooWide(text: string, columns: number, width: (line: string) => number): readonly string[] {
  return text.split('\n').filter((line) => width(line) > columns && /\S\s+\S/.test(line));
}
