import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: "another run's lock is ignored",
    suite: 'T9',
    seeds: 20,
    patch: {
      file: 'src/storage/run-lock.js',
      find: "if (where !== 'gone')\n            return err(lockedBy(path, holder.content, where));",
      replace: 'void where;',
    },
  },
];
