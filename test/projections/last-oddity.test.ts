import test from 'ava';
import { lastOddity } from '../../src/projections/last-oddity.ts';
import { inRun, rowsOf } from './entries.ts';

test('what lies unexplained, in the storage or in quarantine, is known by its path', (t) => {
  const rows = rowsOf(
    lastOddity,
    inRun(
      'run',
      { type: 'OddityFound', reason: 'unknown-format', detail: 'not known here', path: '/root/x' },
      { type: 'QuarantineOrphanFound', path: '/root/clean/quarantine/j/y' },
    ),
  );
  t.deepEqual([...rows.keys()], ['/root/x', '/root/clean/quarantine/j/y']);
});
