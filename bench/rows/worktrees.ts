import type { Row } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { makeWorktrees } from '../storages/worktrees.ts';
import { ourselves, removalContenders } from './removal.ts';

type Sizes = { readonly worktrees: number; readonly files: number };

function removal(name: string, title: string, sizes: (stage: Pick<Stage, 'scale'>) => Sizes): Row {
  return {
    name,
    title,
    targets: [
      { type: 'ratio', of: ourselves, to: 'rm -rf', most: 0.45 },
      { type: 'ratio', of: ourselves, to: 'Prodigy', most: 1 },
    ],
    diskBytes: 1024 ** 3,
    work: (scale) => {
      const { worktrees, files } = sizes({ scale });
      return `${worktrees} worktree${worktrees === 1 ? '' : 's'}, ${files.toLocaleString('en-US')} files`;
    },
    contenders: (stage) =>
      Promise.resolve(
        removalContenders(stage, {
          against: 'rm -rf',
          make: async () => {
            const made = await makeWorktrees(stage, sizes(stage));
            return {
              home: made.home,
              kind: 'worktrees',
              items: made.worktrees.length,
              directories: [made.container],
            };
          },
        }),
      ),
  };
}

export const removeWorktrees: Row = removal('remove-worktrees', 'remove worktrees', (stage) => ({
  worktrees: scaled(stage, 40),
  files: scaled(stage, 200_000, 100),
}));

export const removeOne: Row = removal('remove-one', 'remove one worktree', (stage) => ({
  worktrees: 1,
  files: scaled(stage, 200_000, 100),
}));
