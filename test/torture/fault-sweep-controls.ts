import type { Control } from './control.ts';

/** JOURNAL 5.3, T12, of what T6 has to see. */
export const controls: readonly Control[] = [
  {
    name: 'a failed rename stops the run',
    suite: 'T6',
    seeds: 1_500,
    patch: {
      file: 'src/cleaners/sweep-item.js',
      find: "case 'failed': {",
      replace: "case 'failed': {\n            throw new Error(moved.failure.code);",
    },
  },
  {
    name: 'what could not be unlinked counts as removed',
    suite: 'T6',
    seeds: 1_500,
    patch: {
      file: 'src/cleaners/free.js',
      find: 'if (failed > 0)',
      replace: 'if (failed > 1_000_000)',
    },
  },
  {
    name: 'failures do not change the exit code',
    suite: 'T6',
    seeds: 1_500,
    patch: {
      file: 'src/commands/account.js',
      find: 'if (account.failures.length > 0)',
      replace: 'if (account.failures.length > 1_000_000)',
    },
  },
  {
    name: 'a file that cannot be closed is a defect',
    suite: 'T6',
    seeds: 1_500,
    patch: {
      file: 'src/storage/see.js',
      find: 'if (errorCode(cause) === undefined)\n            throw cause;\n    }\n}\n/**\n * Bytes',
      replace: 'throw cause;\n    }\n}\n/**\n * Bytes',
    },
  },
  {
    name: 'a file whose directory cannot be opened counts as gone',
    suite: 'T6',
    seeds: 1_000,
    patch: {
      file: 'src/disk/remove-file.js',
      find: "holding.error.code === 'ENOENT' && isAbsent(path)",
      replace: "holding.error.code === 'ENOENT'",
    },
  },
];
