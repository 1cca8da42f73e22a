import test from 'ava';
import { adopt, runAccount, totalsOf } from '../../src/projections/run-account.ts';
import { entriesOf, failed, inOp, intended, removed } from './entries.ts';

const item = 'logs:/root/a';

test('what an earlier run had moved and what took its place since are two that went', (t) => {
  const account = runAccount.initial();
  adopt(account, 'op-earlier', intended('a', 7), 'taken-up');
  const drafts = [
    { run: 'run', op: 'op-earlier', event: removed('a', 7) },
    inOp('run', 'a', intended('a', 5)),
    inOp('run', 'a', { type: 'ItemQuarantined', item, heldUntilMs: 9 }),
  ];
  for (const entry of entriesOf(drafts)) runAccount.apply(account, entry);
  t.like(totalsOf(account).logs, { removed: { items: 2, bytes: 12 }, held: { items: 1, bytes: 5 } });
});

test('a second way takes the place of the first that failed', (t) => {
  const account = runAccount.initial();
  const drafts = [
    inOp('run', 'a', intended('a', 7)),
    inOp('run', 'a', failed('a', true)),
    { run: 'run', op: 'op-beside', event: intended('a', 7) },
    { run: 'run', op: 'op-beside', event: removed('a', 7) },
  ];
  for (const entry of entriesOf(drafts)) runAccount.apply(account, entry);
  t.like(totalsOf(account).logs, { removed: { items: 1, bytes: 7 }, failed: 0 });
});
