import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: 'tables are never merged',
    suite: 'T10',
    seeds: 1,
    patch: {
      file: 'src/journal/recovery.js',
      find: 'await store.compact();',
      replace: ';',
    },
  },
];
