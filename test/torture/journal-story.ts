import type { Draft } from '../../src/journal/entry.ts';
import type { Identity } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import type { Random } from './random.ts';

const perKind = { events: 1, logs: 1, dlq: 1, state: 1, sessions: 1, worktrees: 1 };

const identity: Identity = {
  dev: '1',
  ino: '2',
  type: 'file',
  mtimeNs: '3',
  birthtimeNs: '4',
  size: 5,
};

/** What a run that looks at some items and removes some of them writes; some of its operations stay open. */
export function runStory(run: string, items: number, random: Random): readonly Draft[] {
  const id = (index: number): string => `${run}-${index}-${random.below(1_000_000)}`;
  const drafts: Draft[] = [started(run)];
  for (let index = 0; index < items; index += 1) {
    const kind = random.pick(kinds);
    const item = `${kind}:/home/u/.prodigy/${kind}/shop/${id(index)}`;
    const path = item.slice(kind.length + 1);
    const judged = { item, kind, name: `shop/${index}`, path, bytes: random.below(1e9), agedFromMs: 1 };
    if (random.chance(0.4)) {
      const evidence = { status: 'Running', seen: random.below(1e6) };
      drafts.push({ run, event: { type: 'ItemKept', ...judged, reason: 'active', evidence } });
      continue;
    }
    const reason = 'expired';
    const proof = 'finished';
    drafts.push({
      run,
      event: { type: 'ItemCondemned', ...judged, reason, proof, evidence: { age: index } },
    });
    const op = `${run}.op${index}`;
    drafts.push({
      run,
      op,
      event: {
        type: 'RemovalIntended',
        item,
        kind,
        name: judged.name,
        root: '/home/u/.prodigy',
        bytes: judged.bytes,
        files: 1,
        reason,
        proof,
        mode: 'quarantine',
        holdMs: 0,
        attempt: 1,
        locks: [],
        moves: [{ role: 'main', path, identity, to: `/home/u/.prodigy/clean/quarantine/j/${op}.0` }],
      },
    });
    if (random.chance(0.1)) continue;
    drafts.push({ run, op, event: { type: 'ItemQuarantined', item, bytes: judged.bytes } });
    if (random.chance(0.1)) continue;
    drafts.push({ run, op, event: { type: 'ItemRemoved', item, bytes: judged.bytes, files: 1 } });
  }
  if (random.chance(0.8))
    drafts.push({ run, event: { type: 'RunCompleted', outcome: 'completed', exitCode: 0, totals: {} } });
  return drafts;
}

function started(run: string): Draft {
  return {
    run,
    event: {
      type: 'RunStarted',
      command: 'clean',
      argv: ['--all', '--force'],
      dryRun: false,
      scope: { allRepositories: true, repositories: [], roots: ['/home/u/.prodigy'], kinds },
      policy: { nowMs: 0, retentionMs: perKind, cutoffMs: perKind, windowMs: 0, mergedOnly: false, hash: '' },
      actor: { user: 'u', uid: 1, host: 'here', pid: 1, terminal: false },
    },
  };
}
