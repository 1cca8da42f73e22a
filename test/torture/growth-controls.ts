import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: 'a verdict is journalled again at every look',
    suite: 'T10',
    seeds: 2,
    patch: {
      file: 'src/cleaners/scan.js',
      find: 'if (last.get(event.item) !== key)',
      replace: 'if (true)',
    },
  },
];
