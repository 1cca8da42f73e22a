import { join } from 'node:path';
import type { Row } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { makeEvents, makeLogs, makeSessions } from '../storages/small-items.ts';
import { ourselves, removalContenders, type Removable } from './removal.ts';

type Small = {
  readonly name: string;
  readonly title: string;
  readonly count: number;
  readonly what: string;
  readonly diskBytes: number;
  readonly make: (stage: Stage, count: number) => Promise<Removable>;
};

/** As it is by default, held for undo; and freed at once, as `find` does it. */
function rowsOf({ name, title, count, what, diskBytes, make }: Small): readonly Row[] {
  return [
    { suffix: '', words: '', args: [] },
    { suffix: '-no-undo', words: ', no undo', args: ['--no-undo'] },
  ].map(({ suffix, words, args }) => ({
    name: `${name}${suffix}`,
    title: `${title}${words}`,
    targets: [
      { type: 'ratio', of: ourselves, to: 'find -delete', most: 1.5 },
      { type: 'ratio', of: ourselves, to: 'Prodigy', most: 1 },
    ],
    diskBytes,
    work: (scale) => `${scaled({ scale }, count, 10).toLocaleString('en-US')} ${what}`,
    contenders: (stage) =>
      Promise.resolve(
        removalContenders(stage, {
          against: 'find -delete',
          make: () => make(stage, scaled(stage, count, 10)),
          args,
        }),
      ),
  }));
}

export const smallItems: readonly Row[] = [
  ...rowsOf({
    name: 'remove-logs',
    title: 'remove logs',
    count: 100_000,
    what: 'log files',
    diskBytes: 600 * 1024 ** 2,
    make: async (stage, count) => {
      const home = await makeLogs(stage, count);
      return { home, kind: 'logs', items: count, directories: [join(home.root, 'logs', 'claude-streaming')] };
    },
  }),
  ...rowsOf({
    name: 'remove-sessions',
    title: 'remove sessions',
    count: 10_000,
    what: 'sessions with a checkpoint each',
    diskBytes: 200 * 1024 ** 2,
    make: async (stage, count) => {
      const home = await makeSessions(stage, { sessions: count, repositories: 1 });
      const directories = [join(home.root, 'sessions'), join(home.root, 'state')];
      return { home, kind: 'sessions', items: count, directories };
    },
  }),
  ...rowsOf({
    name: 'remove-events',
    title: 'remove events',
    count: 2_000,
    what: 'event directories',
    diskBytes: 50 * 1024 ** 2,
    make: async (stage, count) => {
      const home = await makeEvents(stage, count);
      return { home, kind: 'events', items: count, directories: [join(home.root, 'events')] };
    },
  }),
];
