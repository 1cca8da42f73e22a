import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: 'what was moved and is back in its place is moved again unasked',
    suite: 'T1',
    seeds: 3,
    patch: {
      file: 'src/run/reconcile.js',
      find: "return { type: 'record-restored' };",
      replace: "return { type: 'decide-again' };",
    },
  },
  {
    name: 'the bytes of an item may be gone before it was in quarantine',
    suite: 'T1',
    seeds: 3,
    patch: {
      file: 'src/run/operation.js',
      find: "ItemRemoved: { quarantined: 'ended'",
      replace: "ItemRemoved: { intended: 'ended', quarantined: 'ended'",
    },
  },
];
