import type { Control } from './control.ts';

export const controls: readonly Control[] = [
  {
    name: 'a record that cannot be read is taken for none',
    suite: 'T14',
    seeds: 2,
    patch: {
      file: 'src/storage/relations.js',
      find: "return { state: 'broken', doubt: reading.doubt };",
      replace: 'continue;',
    },
  },
  {
    name: 'an unknown status is taken for Completed',
    suite: 'T14',
    seeds: 2,
    patch: {
      file: 'src/storage/session-file.js',
      find: 'status: v.picklist(statuses),',
      replace: "status: v.fallback(v.picklist(statuses), 'Completed'),",
    },
  },
  {
    name: 'what is dated later than now is taken as it is',
    suite: 'T14',
    seeds: 12,
    patch: {
      file: 'src/policy/verdict.js',
      find: 'latestMs > nowMs + clockToleranceMs',
      replace: 'latestMs > nowMs + 1e15',
    },
  },
  {
    name: 'of a key that is there twice the last is believed',
    suite: 'T14',
    seeds: 2,
    patch: {
      file: 'src/storage/strict-json.js',
      find: 'return repeatsKey(text, value)',
      replace: 'return false',
    },
  },
  {
    name: 'the doubts of an item do not keep it',
    suite: 'T14',
    seeds: 2,
    patch: { file: 'src/policy/verdict.js', find: 'doubted(item.doubts[0]) ??', replace: '' },
  },
  {
    name: 'a checkpoint that cannot be understood protects nobody',
    suite: 'T14',
    seeds: 2,
    patch: {
      file: 'src/policy/protection.js',
      find: "if (checkpointDoubt === undefined || answer.class === 'active')",
      replace: 'if (true)',
    },
  },
  {
    name: 'a lock that speaks of another session counts',
    suite: 'T14',
    seeds: 8,
    patch: {
      file: 'src/storage/prodigy-lock.js',
      find: 'named === undefined || named === id',
      replace: 'true',
    },
  },
  {
    name: 'a worktree whose registration leads elsewhere is believed',
    suite: 'T14',
    seeds: 8,
    patch: {
      file: 'src/storage/worktree-link.js',
      find: 'if (!(await sameFile(registeredAt, gitFile)))',
      replace: 'if (false)',
    },
  },
];
