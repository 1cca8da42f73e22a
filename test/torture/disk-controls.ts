import type { Control } from './control.ts';

/** What T4, T5, T13 and the full disk have to catch. */
export const controls: readonly Control[] = [
  {
    name: 'entries are written without being synced',
    suite: 'T4',
    seeds: 4,
    patch: { file: 'src/journal/store.js', find: 'sync: true', replace: 'sync: false' },
  },
  {
    name: 'directories are not synced after a rename or a removal',
    suite: 'T5',
    seeds: 12,
    patch: {
      file: 'src/disk/quarantine.js',
      find: "export async function syncDirectories(paths) {\n    if (process.platform === 'win32')",
      replace: 'export async function syncDirectories(paths) {\n    if (paths)',
    },
  },
  {
    name: 'a tree is freed without a look at the mounts',
    suite: 'T13',
    seeds: 4,
    patch: {
      file: 'src/disk/remove.js',
      find: 'if (mounted !== undefined)',
      replace: 'if (mounted === 1)',
    },
  },
  {
    name: 'what is moved is whatever has the name, wherever its directory leads',
    suite: 'T13S',
    seeds: 40,
    patch: [
      {
        file: 'src/disk/quarantine.js',
        find: 'if (!isUnchanged(lastLook.value, expected))',
        replace: 'if (lastLook.value === 1)',
      },
      {
        file: 'src/disk/quarantine.js',
        find: 'if (arrived.value !== undefined && sameObject(arrived.value, expected))',
        replace: 'if (arrived.value !== undefined)',
      },
      { file: 'src/disk/held.js', find: 'O_DIRECTORY | O_NOFOLLOW)', replace: 'O_DIRECTORY)' },
      { file: 'src/disk/held.js', find: 'if (real === directory)', replace: 'if (real !== undefined)' },
    ],
  },
  {
    name: 'the first journal on a full disk is born at home or not at all',
    suite: 'T7F',
    seeds: 8,
    patch: {
      file: 'src/journal/open.js',
      find: 'const mayGoAway = ',
      replace: 'const mayGoAway = false && ',
    },
  },
  {
    name: 'the reserve is not given up',
    suite: 'T7F',
    seeds: 8,
    patch: {
      file: 'src/journal/recovery.js',
      find: "if (first.error.type !== 'journal-full' ||",
      replace: "if (first.error.type === 'journal-full' ||",
    },
  },
];
