import { rm } from 'node:fs/promises';
import { endOf, runOurs } from '../child.ts';
import type { Row } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { makeSessions } from '../storages/small-items.ts';
import { ourselves } from './removal.ts';

const sizes = (stage: Pick<Stage, 'scale'>) => ({
  sessions: scaled(stage, 10_000, 50),
  repositories: scaled(stage, 50, 2),
});

export const decide: Row = {
  name: 'decide',
  title: 'decide, dry run',
  targets: [{ type: 'time', of: ourselves, mostMs: 2_000 }],
  diskBytes: 200 * 1024 ** 2,
  work: (scale) => {
    const { sessions, repositories } = sizes({ scale });
    return `${sessions.toLocaleString('en-US')} sessions in ${repositories} repositories`;
  },
  contenders: async (stage) => {
    const { sessions, repositories } = sizes(stage);
    const home = await makeSessions(stage, { sessions, repositories });
    return [
      {
        name: ourselves,
        run: async () => {
          // A journal of an earlier round would know the items already.
          await rm(`${home.root}/clean`, { recursive: true, force: true });
          stage.goCold();
          const ran = await runOurs(stage, home.home, [
            'clean',
            '--all',
            '--all-repos',
            '--dry-run',
            '--json',
          ]);
          if (ran.exitCode !== 0) throw new Error(`the dry run failed: ${endOf(ran)}`);
          const { kinds } = JSON.parse(ran.stdout) as {
            readonly kinds?: Readonly<Record<string, { readonly condemned?: number }>>;
          };
          if (kinds?.['sessions']?.condemned !== sessions)
            throw new Error(
              `${sessions} sessions were to be condemned, not ${kinds?.['sessions']?.condemned}`,
            );
          return ran;
        },
      },
    ];
  },
};
