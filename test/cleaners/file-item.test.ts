import test from 'ava';
import { compact } from '../../src/cleaners/file-item.ts';
import type { Identity, Item } from '../../src/model/item.ts';

const identity: Identity = {
  dev: '65024',
  ino: '18446744073709551557',
  type: 'file',
  mtimeNs: '-1792490915813999001',
  birthtimeNs: '0',
  size: 2 ** 40,
};

/** The same ones, as most items have them: those are compared as such. */
const shared: Pick<Item, 'doubts' | 'users' | 'detail'> = { doubts: [], users: [], detail: { type: 'log' } };

function item(name: string, change: Partial<Item> = {}): Item {
  const path = `/home/u/.prodigy/logs/${name}`;
  return {
    id: `logs:${path}`,
    kind: 'logs',
    name,
    root: '/home/u/.prodigy',
    path,
    parts: [{ role: 'main', path, identity: { ...identity, ino: '12' } }],
    repository: { name: 'shop', gitDir: '/home/u/shop/.git' },
    attribution: 'path',
    owners: ['session:one'],
    recordedAtMs: 1_700_000_000_123,
    youngestSignMs: 1_700_000_000_456,
    rest: { type: 'ended', atMs: 5 },
    size: { bytes: 4096, files: 1 },
    ...shared,
    ...change,
  };
}

const fields = [
  'id',
  'kind',
  'name',
  'root',
  'path',
  'parts',
  'repository',
  'attribution',
  'owners',
  'recordedAtMs',
  'youngestSignMs',
  'rest',
  'doubts',
  'users',
  'detail',
] as const;

const variants: readonly Partial<Item>[] = [
  {},
  { rest: { type: 'ended', atMs: 6 } },
  { rest: { type: 'no-record' } },
  { repository: { name: 'shop', gitDir: '/home/u/other/.git' } },
  { repository: { name: 'shop' } },
  { repository: undefined, attribution: 'none' },
  { owners: ['session:two'] },
  { owners: ['session:one', 'job:1'] },
  { root: '/home/u' },
  { recordedAtMs: undefined },
  { youngestSignMs: 7 },
  { doubts: [{ reason: 'symlink', detail: 'a link' }] },
  { users: [{ pid: 1, name: 'tail', how: 'open-file', path: '/x' }] },
];

test('an item in less memory says what it said before, whatever was said of those before it', (t) => {
  const order = [...variants, ...variants.toReversed(), ...variants];
  const all = order.map((change, index) => item(`${index}.jsonl`, change));
  const small = all.map(compact);
  for (const [index, one] of all.entries()) {
    for (const field of fields) t.deepEqual(small[index]?.[field], one[field], `${index}: ${field}`);
  }
});

test('an inode or a time that does not fit into a number is told as it was', (t) => {
  const path = '/home/u/.prodigy/logs/a';
  const huge = item('a', { parts: [{ role: 'main', path, identity }] });
  t.deepEqual(compact(huge).parts, huge.parts);
});
