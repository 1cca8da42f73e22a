import test from 'ava';
import { ItemAccounts, type ItemAccount } from '../../src/projections/item-accounts.ts';

const op = (n: number): string => `Op${String(n).padStart(19, '0')}`;

function held(n: number, more: Partial<ItemAccount> = {}): ItemAccount {
  const path = `/root/logs/api/${n}.jsonl`;
  return {
    kind: 'logs',
    name: `api/${n}.jsonl`,
    path,
    bytes: n * 512,
    op: op(n),
    outcome: 'removed',
    heldUntilMs: 1_764_118_326_168 + n,
    ...more,
  };
}

const items = Array.from({ length: 2500 }, (_, n) => `logs:/root/logs/api/${n}.jsonl`);

function allHeld(): ItemAccounts {
  const accounts = new ItemAccounts();
  for (const [n, item] of items.entries()) {
    const { heldUntilMs: _, ...begun } = held(n, { outcome: 'under-way' });
    accounts.begin(item, begun);
    accounts.set(item, held(n));
  }
  return accounts;
}

test('what is kept small comes out as it went in', (t) => {
  const accounts = allHeld();
  t.deepEqual(
    [...accounts.entries()],
    items.map((item, n) => [item, held(n)] as const),
  );
  t.deepEqual(accounts.get('logs:/root/logs/api/1024.jsonl'), held(1024));
  t.is(accounts.get('logs:/root/logs/api/2500.jsonl'), undefined);
});

const odd: readonly Partial<ItemAccount>[] = [
  { op: 'short' },
  { op: 'Op-ä0000000000000000000' },
  { path: '/elsewhere' },
  { earlier: 'found' },
  { undoMs: 7 },
  { undoUntilMs: 8 },
  { drift: 'young' },
  { branches: [] },
  { failure: { code: 'EIO', path: '/p' } },
  { name: 'a name that its path does not end with' },
  { outcome: 'failed' },
];

test('whatever else there is to tell of an item is told', (t) => {
  const accounts = allHeld();
  for (const [n, more] of odd.entries()) {
    const item = items[n] ?? '';
    accounts.begin(item, held(n, { outcome: 'under-way' }));
    accounts.set(item, held(n, more));
    t.deepEqual(accounts.get(item), held(n, more), JSON.stringify(more));
  }
});

test('what fails when it is freed is told once, as failed', (t) => {
  const accounts = allHeld();
  const item = items[3] ?? '';
  const failed = held(3, { outcome: 'failed', failure: { code: 'EACCES', path: '/p' } });
  accounts.set(item, failed);
  t.deepEqual(accounts.get(item), failed);
  t.is([...accounts.values()].length, items.length);
  t.is([...accounts.values()].filter(({ outcome }) => outcome === 'failed').length, 1);
});

test('what took the place of an item that is held is another', (t) => {
  const accounts = allHeld();
  const item = items[5] ?? '';
  const { heldUntilMs: _, ...again } = held(5, { op: op(9999), outcome: 'under-way' });
  accounts.begin(item, again);
  t.deepEqual(accounts.get(item), again);
  const known = new Map(accounts.entries());
  t.is(known.size, items.length + 1);
  t.deepEqual(known.get(op(5)), held(5));
  t.deepEqual(known.get(item), again);
});
