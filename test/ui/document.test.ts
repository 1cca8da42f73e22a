import test from 'ava';
import { documentText, runDocument, type DocumentInput } from '../../src/ui/document.ts';
import type { ItemView } from '../../src/ui/view.ts';

function documentWith(count: number): DocumentInput {
  const items = Array.from({ length: count }, (_, index): ItemView => ({
    id: `logs:/home/ada/.prodigy/logs/${index}`,
    kind: 'logs',
    // What a document would end or begin with, were it not in a text.
    name: `one\n  "items": [\n    {}\n  ]\n}, "${index}`,
    path: `/home/ada/.prodigy/logs/${index}`,
    repository: index % 2 === 0 ? undefined : 'app',
    bytes: index,
    ageMs: index % 3 === 0 ? undefined : index,
    verdict: index % 5 === 0 ? 'keep' : 'remove',
    reason: 'expired',
    proof: index % 5 === 0 ? undefined : 'age',
    evidence: index % 7 === 0 ? {} : { rest: 'ended', lines: 'a\nb', latestMs: index },
    deletes: 0,
  }));
  return {
    view: {
      run: 'run',
      plan: 'plan',
      dryRun: true,
      scope: { repositories: [], allRepositories: true, roots: ['/home/ada/.prodigy'], kinds: ['logs'] },
      cutoffMs: { logs: 0 },
      retentionMs: { logs: 0 },
      items,
      outOfScope: 0,
      oddities: [],
    },
    outcome: 'planned',
    exitCode: 0,
    startedAtMs: 0,
    endedAtMs: 1,
    totals: {},
    results: new Map([['logs:/home/ada/.prodigy/logs/1', { outcome: 'failed', branches: [] }]]),
    failures: [],
    freeBefore: undefined,
    freeAfter: undefined,
  };
}

for (const count of [0, 1, 2, 256, 257, 600]) {
  test(`a document of ${count} items that is written in pieces is that which is written at once`, (t) => {
    const input = documentWith(count);
    t.is([...documentText(input)].join(''), `${JSON.stringify(runDocument(input), null, 2)}\n`);
  });
}
