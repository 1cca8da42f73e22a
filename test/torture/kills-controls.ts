import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: 'the intent is journalled after the move',
    suite: 'T3',
    seeds: 40,
    patch: [
      {
        file: 'src/cleaners/sweep-chunk.js',
        find: 'const begun = await record.begin(',
        replace: 'context.begin = () => record.begin(',
      },
      {
        file: 'src/cleaners/sweep-chunk.js',
        find: 'if (begun.isErr())\n        return err(begun.error);',
        replace: '',
      },
      {
        file: 'src/cleaners/sweep-chunk.js',
        find: 'const synced = await syncMoves(out.flatMap(({ intent }) => intent.moves));',
        replace:
          'await context.begin();\n    const synced = await syncMoves(out.flatMap(({ intent }) => intent.moves));',
      },
    ],
  },
  {
    name: 'the resume locks of a killed run stay',
    suite: 'T3',
    seeds: 40,
    patch: {
      file: 'src/commands/run-steps.js',
      find: 'await dropLocksOfDead(takers, roots, { host, nowMs: shell.clock(), readProcesses });',
      replace: '',
    },
  },
];
