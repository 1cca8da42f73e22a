import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: 'writing goes on after an append failed',
    suite: 'T7',
    seeds: 40,
    patch: [
      {
        file: 'src/journal/recovery.js',
        find: 'const recovered = await recover(written.error, before, stamped);',
        replace: 'const recovered = await session.writer.append(stamped);',
      },
      {
        file: 'src/journal/writer.js',
        find: 'if (dead)\n                    return err',
        replace: 'if (false)\n                    return err',
      },
    ],
  },
  {
    name: 'a failed append is made again without a look whether it was written',
    suite: 'T7',
    seeds: 40,
    patch: {
      file: 'src/journal/recovery.js',
      find: 'const rest = await writer.append(stamped.slice(there.length));',
      replace: 'const rest = await writer.append(stamped);',
    },
  },
];
