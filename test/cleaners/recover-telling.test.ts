import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { okAsync } from 'neverthrow';
import test from 'ava';
import { isOnlyTold, tellingOf, Tellings, type Telling } from '../../src/cleaners/recover-telling.ts';
import { runRecord, type Ledger } from '../../src/cleaners/run-record.ts';
import type { Draft } from '../../src/journal/entry.ts';
import type { WholeOperation } from '../../src/projections/open-operations.ts';
import { adopt } from '../../src/projections/run-account.ts';
import type { NextStep } from '../../src/run/reconcile.ts';
import { entriesOf, intended } from '../projections/entries.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** Remembers what was appended at a time. */
function remembering(): { readonly ledger: Ledger; readonly appended: (readonly Draft[])[] } {
  const appended: (readonly Draft[])[] = [];
  const ledger: Ledger = {
    append: (drafts) => {
      appended.push(drafts);
      return okAsync(entriesOf(drafts));
    },
  };
  return { ledger, appended };
}

const identity = { dev: '1', ino: '7', type: 'file', mtimeNs: '5', birthtimeNs: '3', size: 9 } as const;

function left(name: string, directory: string, holdMs = 5): WholeOperation {
  const path = join(directory, name);
  const moves = [
    { role: 'main', path, to: join(directory, 'quarantine', `op-${name}.0`), identity },
  ] as const;
  const intent = { ...intended(name, 7), holdMs, moves };
  const op = `op-${name}`;
  const row = { op, run: 'earlier', item: intent.item, bytes: 7, attempt: 1, intentSeq: 0, atMs: 10 };
  return { ...row, state: 'intended', intent };
}

function toldAs(step: NextStep, operation: WholeOperation): Telling {
  if (!isOnlyTold(step)) throw new Error('something is to be done');
  return tellingOf(step, operation);
}

test('what was moved when a run was killed is told at once, and only of renames that are durable', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'quarantine'));
  const { ledger, appended } = remembering();
  const record = runRecord('now', ledger);
  const tellings = new Tellings(record);
  const lost = left('lost', join(directory, 'n'.repeat(300)));
  const operations = [left('a', directory), lost, left('b', directory, 0), left('c', directory)];
  for (const operation of operations) {
    const { op, state, intent } = operation;
    record.adopt(op, state);
    adopt(record.account, op, intent, 'taken-up');
    const type = op === 'op-c' ? 'record-vanished' : 'record-quarantined';
    tellings.add(toldAs({ type }, operation));
  }
  t.true(tellings.mustBeTold(lost.item));
  t.false(tellings.mustBeTold('logs:/another'));
  const told = (await tellings.tell())._unsafeUnwrap();

  t.is(appended.length, 1);
  t.like(appended[0], [
    { op: 'op-a', event: { type: 'ItemQuarantined', recovered: true, heldUntilMs: 15 } },
    { op: 'op-b', event: { type: 'ItemQuarantined', recovered: true } },
    { op: 'op-c', event: { type: 'ItemVanished' } },
  ]);
  t.deepEqual(
    told.filter(({ isToGo }) => isToGo).map(({ operation }) => operation.op),
    ['op-b'],
  );
  t.like(record.account.items.get(lost.item), { outcome: 'failed', failure: { code: 'ENAMETOOLONG' } });
  t.is((await tellings.tell())._unsafeUnwrap().length, 0);
  t.is(appended.length, 1);
});

for (const type of ['record-quarantined', 'record-restored', 'record-removed', 'record-drifted'] as const) {
  test(`${type}: what whoever was killed did is not told while it is not durable`, async (t) => {
    const directory = temporaryDirectory(t);
    const { ledger, appended } = remembering();
    const record = runRecord('now', ledger);
    const tellings = new Tellings(record);
    const operation = left('lost', join(directory, 'n'.repeat(300)));
    record.adopt(operation.op, operation.state);
    adopt(record.account, operation.op, operation.intent, 'taken-up');
    tellings.add(toldAs({ type }, operation));
    t.deepEqual((await tellings.tell())._unsafeUnwrap(), []);
    t.deepEqual(appended.flat(), []);
    t.like(record.account.items.get(operation.item), { outcome: 'failed' });
  });
}
