import type { Control, Patch } from './control.ts';

const nothingTried: Patch = {
  file: 'src/journal/session.js',
  find: 'const tried = isAsLeft || born',
  replace: 'const tried = true',
};

export const controls: readonly Control[] = [
  {
    name: 'the chain is not followed',
    suite: 'T8',
    seeds: 200,
    patch: {
      file: 'src/journal/walk.js',
      find: 'return previous !== undefined && chainHash(previous, text) === hash;',
      replace: 'return true;',
    },
  },
  {
    name: 'a damaged database is opened before a copy of it was',
    suite: 'T8',
    seeds: 200,
    patch: nothingTried,
  },
  {
    name: 'a database that lost its CURRENT may be made anew',
    suite: 'T8',
    seeds: 200,
    // What is tried on a copy first guards against the same: that is off only where CURRENT is lost.
    patch: [
      {
        ...nothingTried,
        replace: `const isLost = !(await import('node:fs')).existsSync(databasePath(directory) + '/CURRENT');
    const tried = isLost || isAsLeft || born`,
      },
      {
        file: 'src/journal/store.js',
        find: 'createIfMissing: create,',
        replace: 'createIfMissing: true,',
      },
    ],
  },
  {
    name: 'the anchor is not compared',
    suite: 'T8',
    seeds: 200,
    patch: [
      {
        file: 'src/journal/inspect.js',
        find: 'if (anchor === undefined || anchor.seq < base.seq)',
        replace: 'if (true)',
      },
      {
        file: 'src/journal/verify.js',
        find: '...(anchor !== undefined && anchor.seq > headSeq',
        replace: '...(false',
      },
    ],
  },
];
