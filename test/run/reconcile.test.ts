import test from 'ava';
import * as fc from 'fast-check';
import { reconcile, type LastSaid, type NextStep, type SeenPart } from '../../src/run/reconcile.ts';

const inPlace: SeenPart = { original: 'same', quarantine: 'absent' };
const moved: SeenPart = { original: 'absent', quarantine: 'same' };
const recreated: SeenPart = { original: 'other', quarantine: 'same' };
const changed: SeenPart = { original: 'changed', quarantine: 'absent' };
const replaced: SeenPart = { original: 'other', quarantine: 'absent' };
const unreadable: SeenPart = { original: 'absent', quarantine: 'unknown' };
const gone: SeenPart = { original: 'absent', quarantine: 'absent' };
const foreign: SeenPart = { original: 'absent', quarantine: 'other' };

/** The crash-point table of JOURNAL 3.4, row by row, and what an item of several parts adds to it. */
const row = test.macro({
  exec: (t, _fact: string, said: LastSaid, parts: readonly SeenPart[], main: number, step: NextStep) => {
    t.deepEqual(reconcile(said, parts, main), step);
  },
  title: (_ = '', fact: string) => fact,
});

test(row, 'an intent of which nothing was moved is decided again', 'intended', [inPlace], 0, {
  type: 'decide-again',
});
test(row, 'an item that changed since the intent drifts', 'intended', [changed], 0, {
  type: 'record-drifted',
});
test(row, 'an item that another took the place of drifts', 'intended', [replaced], 0, {
  type: 'record-drifted',
});
test(row, 'an item that somebody else removed vanished', 'intended', [gone], 0, { type: 'record-vanished' });
test(row, 'an item that was moved is recorded as moved', 'intended', [moved], 0, {
  type: 'record-quarantined',
});
test(row, 'a re-created original does not stop what was moved', 'intended', [recreated], 0, {
  type: 'record-quarantined',
});
test(row, 'an item in quarantine is freed', 'quarantined', [moved], 0, { type: 'purge' });
test(
  row,
  'what was moved and is in its place again is never moved without a new judgement (P1)',
  'quarantined',
  [inPlace],
  0,
  { type: 'record-restored' },
);
test(row, 'what was put back and changed since was put back', 'quarantined', [changed], 0, {
  type: 'record-restored',
});
test(row, 'an undo that was cut short is finished', 'quarantined', [moved, inPlace], 1, {
  type: 'put-back',
  parts: [0],
  next: 'record-restored',
});
test(row, 'what cannot be looked at is left for the next run', 'quarantined', [unreadable], 0, {
  type: 'report-unknown',
  parts: [0],
});
test(row, 'a half-freed tree is freed further', 'purging', [moved], 0, { type: 'purge' });
test(row, 'a blocked purge is tried again', 'blocked', [moved], 0, { type: 'purge' });
test(row, 'a purge that ended is recorded', 'purging', [gone], 0, { type: 'record-removed' });
test(row, 'an emptied quarantine counts as removed', 'quarantined', [gone], 0, { type: 'record-removed' });
test(row, 'a re-created original is left alone when the purge has ended', 'purging', [replaced], 0, {
  type: 'record-removed',
});
test(
  row,
  'what is foreign in quarantine is reported, whatever the journal says',
  'quarantined',
  [foreign],
  0,
  {
    type: 'report-foreign',
    parts: [0],
  },
);
test(row, 'a half-moved item is put back and decided again', 'intended', [moved, inPlace], 1, {
  type: 'put-back',
  parts: [0],
  next: 'decide-again',
});
test(row, 'a half-moved item whose rest changed is put back and drifts', 'intended', [moved, changed], 1, {
  type: 'put-back',
  parts: [0],
  next: 'record-drifted',
});
test(row, 'a lesser part that is gone does not hold the item back', 'intended', [gone, inPlace], 1, {
  type: 'decide-again',
});
test(row, 'without its main part an item has drifted', 'intended', [inPlace, gone], 1, {
  type: 'record-drifted',
});
test(row, 'a lesser part that was gone before does not make a move half', 'intended', [moved, gone], 0, {
  type: 'record-quarantined',
});

const anyPart = fc.record<SeenPart>({
  original: fc.constantFrom('absent', 'same', 'changed', 'other', 'unknown'),
  quarantine: fc.constantFrom('absent', 'same', 'other', 'unknown'),
});
const anySaid = fc.constantFrom<LastSaid>('intended', 'quarantined', 'purging', 'blocked');

test('nothing is freed unless the journal says that all of it was moved', (t) => {
  fc.assert(
    fc.property(fc.array(anyPart, { minLength: 1, maxLength: 4 }), fc.nat(3), (parts, main) => {
      const step = reconcile('intended', parts, main % parts.length);
      t.false(step.type === 'purge' || step.type === 'record-removed');
    }),
  );
});

test('while anything is foreign or unknown, nothing is touched', (t) => {
  fc.assert(
    fc.property(
      anySaid,
      fc.array(anyPart, { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      (said, parts, main) => {
        const step = reconcile(said, parts, main % parts.length);
        const isOdd = parts.some(
          ({ original, quarantine }) =>
            quarantine === 'other' ||
            quarantine === 'unknown' ||
            (quarantine === 'absent' && original === 'unknown'),
        );
        t.is(step.type === 'report-foreign' || step.type === 'report-unknown', isOdd);
      },
    ),
  );
});

test('only what is in quarantine and is the item is put back', (t) => {
  fc.assert(
    fc.property(
      anySaid,
      fc.array(anyPart, { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      (said, parts, main) => {
        const step = reconcile(said, parts, main % parts.length);
        const back = step.type === 'put-back' ? step.parts.map((part) => parts[part]?.quarantine) : [];
        // Asserted of each: now and then a whole round has nothing that is put back.
        t.deepEqual(
          back.filter((quarantine) => quarantine !== 'same'),
          [],
        );
      },
    ),
  );
});
