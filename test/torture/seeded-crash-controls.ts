import type { Control } from './control.ts';

const chunk = 'src/cleaners/sweep-chunk.js';
const oneItem = 'src/cleaners/sweep-item.js';

/** JOURNAL 5.3, T12, of what T2 has to see. */
export const controls: readonly Control[] = [
  {
    name: 'an item is moved before its intent is journalled',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: chunk,
      find: 'const begun = await record.begin(',
      replace:
        'for (const { intent } of operations) await (await import("./move-out.js")).moveOut(intent.moves);\n    const begun = await record.begin(',
    },
  },
  {
    name: 'bytes are freed before the journal says quarantined',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: chunk,
      find: 'const now = context.clock();',
      replace:
        'await free(out.filter(({ intent }) => intent.holdMs === 0), []);\n    const now = context.clock();',
    },
  },
  {
    name: 'a rename is not followed by a sync of its directories',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: chunk,
      find: 'await syncMoves(out.flatMap(({ intent }) => intent.moves));',
      replace: 'await syncMoves([]);',
    },
  },
  {
    name: 'what is freed is journalled without a sync of the quarantine',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/free.js',
      find: 'await syncDirectories([...directories]);',
      replace: 'await syncDirectories([]);',
    },
  },
  {
    name: 'the original is looked at before the quarantine',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/run/reconcile.js',
      find: "if (quarantine === 'same')",
      replace:
        "if (original === 'other' || original === 'changed')\n        return 'replaced';\n    if (quarantine === 'same')",
    },
  },
  {
    name: 'a resume frees what it finds without asking whether it is held',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/recover.js',
      find: "return heldUntilMs !== undefined && state === 'quarantined';",
      replace: 'return false;',
    },
  },
  {
    name: 'a resume goes on with an intent without judging it again',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/recover.js',
      find: "if (step.type === 'decide-again') {",
      replace:
        "if (step.type === 'decide-again') for (const { path, to } of intent.moves) await (await import('node:fs/promises')).rename(path, to);\n        if (step.type === 'decide-again') {",
    },
  },
  {
    name: 'there is no last look',
    suite: 'T2',
    seeds: 300,
    patch: { file: oneItem, find: 'if (drift !== undefined)', replace: 'if (false)' },
  },
  {
    name: 'no identity is compared, neither in the last look nor at the rename',
    suite: 'T2',
    seeds: 300,
    patch: [
      {
        file: 'src/disk/identity.js',
        find: 'return sameObject(a, b) && a.mtimeNs === b.mtimeNs',
        replace: 'return true || a.mtimeNs === b.mtimeNs',
      },
      {
        file: 'src/cleaners/last-look.js',
        find: 'return now.value === stamp ?',
        replace: 'return true ?',
      },
    ],
  },
  {
    name: 'a resume takes what was written to since it was shown',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/still-planned.js',
      find: 'before.stamp !== undefined && before.stamp !== stamp',
      replace: 'false',
    },
  },
  {
    name: 'a plan that is applied takes what could go since it was shown',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/still-planned.js',
      find: 'return notInPlan;',
      replace: 'return verdict;',
    },
  },
  {
    name: 'a stranger in quarantine is removed',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/quarantine-orphans.js',
      find: 'orphans.push(path);',
      replace: "await (await import('node:fs/promises')).rm(path, { recursive: true });",
    },
  },
  {
    name: 'locks of a killed run stay',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/cleaners/bundle-locks.js',
      find: 'if (takers.length === 0)',
      replace: 'if (takers.length >= 0)',
    },
  },
  {
    name: 'a lock is made before it has its content',
    suite: 'T2',
    seeds: 300,
    patch: {
      file: 'src/disk/whole-file.js',
      find: 'await write(scratch, content, mode);\n        linkSync(scratch, path);',
      replace: 'await write(path, content, mode);',
    },
  },
  {
    name: 'nobody looks who uses an item, neither before it is moved nor after',
    suite: 'T2',
    seeds: 300,
    patch: [
      {
        file: 'src/cleaners/last-look.js',
        find: 'const [use] = usersOf(path, table);',
        replace: 'const [use] = [];',
      },
      {
        file: oneItem,
        find: 'const [user] = intent.moves.flatMap(({ to }) => usersOf(to, table));',
        replace: 'const [user] = [];',
      },
    ],
  },
];
