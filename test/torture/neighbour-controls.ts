import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: "Prodigy's resume lock is not taken",
    suite: 'T9N',
    seeds: 30,
    patch: {
      file: 'src/cleaners/bundle-locks.js',
      find: 'await eachOf(new Set(ids), locksAtOnce',
      replace: 'await eachOf(new Set(), locksAtOnce',
    },
  },
  {
    name: 'every resume lock is taken for stale',
    suite: 'T9N',
    seeds: 10,
    patch: {
      file: 'src/storage/prodigy-lock.js',
      find: 'return { state: holderState(holder, context), ...holder };',
      replace: "return { state: 'stale', ...holder };",
    },
  },
  {
    // The look from behind the renames puts back what the one before them should not have let go.
    name: 'neither look asks the owners',
    suite: 'T9N',
    seeds: 40,
    patch: [
      {
        file: 'src/cleaners/last-look.js',
        find: '(await changedOwner(item, look, context))',
        replace: 'undefined',
      },
      {
        file: 'src/cleaners/sweep-item.js',
        find: 'await livingOwner(item, look, table)',
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'locks are not given back',
    suite: 'T9N',
    seeds: 3,
    patch: {
      file: 'src/cleaners/bundle-locks.js',
      find: 'const done = await releaseLock(path, { host, pid });\n            // What',
      replace: 'const done = { isOk: () => true };\n            // What',
    },
  },
  {
    name: 'nobody asks who works inside',
    suite: 'T9N',
    seeds: 20,
    patch: {
      file: 'src/storage/liveness.js',
      find: 'const direct = index.get(asked) ?? none;',
      replace: 'return none;',
    },
  },
];
