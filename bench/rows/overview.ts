import { endOf, runOurs, runPeer } from '../child.ts';
import type { Contender, Row, Sample } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { makeWorktrees } from '../storages/worktrees.ts';
import { find } from '../upstream.ts';
import { ourselves } from './removal.ts';

const gibibyte = 1024 ** 3;

const sizes = (stage: Pick<Stage, 'scale'>) => ({
  worktrees: scaled(stage, 40),
  files: scaled(stage, 200_000, 100),
});

function overview(name: string, title: string, isCold: boolean, most: number): Row {
  return {
    name,
    title,
    targets: [{ type: 'ratio', of: ourselves, to: 'du -s', most }],
    diskBytes: gibibyte,
    work: (scale) => {
      const { worktrees, files } = sizes({ scale });
      return `${worktrees} worktree${worktrees === 1 ? '' : 's'}, ${files.toLocaleString('en-US')} files`;
    },
    contenders: async (stage) => {
      const { home, worktrees } = await makeWorktrees(stage, sizes(stage));
      const measured = async (run: () => Promise<Sample>): Promise<Sample> => {
        if (isCold) stage.goCold();
        else await runPeer(stage, 'du', ['-s', home.home]);
        return run();
      };
      const gdu = find('gdu');
      const contenders: readonly Contender[] = [
        {
          name: ourselves,
          run: () =>
            measured(async () => {
              const ran = await runOurs(stage, home.home, ['clean', '--json']);
              if (ran.exitCode !== 0) throw new Error(`the overview failed: ${endOf(ran)}`);
              const { kinds } = JSON.parse(ran.stdout) as {
                readonly kinds?: Readonly<Record<string, { readonly scanned?: number }>>;
              };
              if (kinds?.['worktrees']?.scanned !== worktrees.length)
                throw new Error(`the overview saw ${kinds?.['worktrees']?.scanned} worktrees`);
              return ran;
            }),
        },
        { name: 'du -s', run: () => measured(() => runPeer(stage, 'du', ['-s', home.home])) },
        {
          name: 'gdu',
          ...(gdu === undefined ? { absent: 'gdu is not installed' } : {}),
          run: () =>
            measured(() =>
              runPeer(stage, gdu ?? '', ['--non-interactive', '--no-progress', '--summarize', home.home]),
            ),
        },
      ];
      return contenders;
    },
  };
}

export const overviewCold: Row = overview('overview-cold', 'overview, cold', true, 0.8);
export const overviewWarm: Row = overview('overview-warm', 'overview, warm', false, 1.5);
