import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Level } from 'level';
import { identify } from '../../src/disk/identity.ts';
import type { Draft, Entry } from '../../src/journal/entry.ts';
import type { Event } from '../../src/journal/event.ts';
import type { KindTotals, PlannedItem } from '../../src/journal/event-run.ts';
import type { Move } from '../../src/journal/event-removal.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { opened } from '../journal/journal-options.ts';
import { failed, intended, removed, started } from '../projections/entries.ts';
import { check, damageUnreported, replay, Snapshot, type World } from './checker.ts';

/** Three logs. `gone` is removed, `held` waits for undo, `stays` is nobody's business. */
type Paths = { readonly root: string; readonly gone: string; readonly held: string; readonly stays: string };

type Break = {
  /** Changes the story before it is written. */
  readonly story?: (drafts: Draft[], paths: Paths) => Draft[];
  /** Changes the disk, or the journal's files, afterwards. */
  readonly disk?: (paths: Paths, moves: Readonly<Record<'gone' | 'held', Move>>) => void | Promise<void>;
  /** Changes what is asked. */
  readonly ask?: (paths: Paths, entries: readonly Entry[]) => Partial<World>;
};

const bytes = 100;
const none = { items: 0, bytes: 0 };
const both = { items: 2, bytes: 2 * bytes };
const totals: KindTotals = {
  before: both,
  scanned: 3,
  kept: 1,
  condemned: 2,
  removed: both,
  held: { items: 1, bytes },
  failed: 0,
  drifted: 0,
};
const done: Event = { type: 'RunCompleted', outcome: 'completed', exitCode: 0, totals: { logs: totals } };

async function worldOf(t: ExecutionContext, { story, disk, ask }: Break): Promise<World> {
  const root = join(temporaryDirectory(t), 'root');
  const [gone, held, stays] = ['gone', 'held', 'stays'].map((name) => join(root, 'logs', `${name}.log`));
  if (gone === undefined || held === undefined || stays === undefined) throw new Error('three paths');
  const paths = { root, gone, held, stays };
  mkdirSync(join(root, 'logs'), { recursive: true });
  for (const path of [gone, held, stays]) writeFileSync(path, path);
  const quarantine = join(root, 'clean', 'quarantine', 'journal');
  mkdirSync(quarantine, { recursive: true });
  const before = Snapshot.take([root]);

  const moveOf = async (path: string, op: string): Promise<Move> => {
    const identity = identify(path)._unsafeUnwrap();
    if (identity === undefined) throw new Error(`${path} is not there`);
    return { role: 'main', path, identity, to: join(quarantine, `${op}.0`) };
  };
  const moves = { gone: await moveOf(gone, 'operation-gone'), held: await moveOf(held, 'operation-held') };
  renameSync(gone, moves.gone.to);
  rmSync(moves.gone.to);
  renameSync(held, moves.held.to);

  const planned = (['gone', 'held'] as const).map((name) => ({
    item: `logs:/root/${name}`,
    bytes,
    parts: [{ path: moves[name].path, identity: moves[name].identity }],
  }));
  const inRun = (event: Event, op?: string): Draft => ({
    run: 'run-1',
    event,
    ...(op === undefined ? {} : { op }),
  });
  const fact = (name: 'gone' | 'held', event: Event): Draft => inRun(event, `operation-${name}`);
  const drafts = [
    inRun(started),
    inRun({ type: 'PlanRecorded', plan: 'plan', piece: 0, pieces: 1, items: planned }),
    inRun({ type: 'RunPlanned', plan: 'plan', ...both }),
    inRun({ type: 'RunConfirmed', plan: 'plan', how: 'force', ...both }),
    fact('gone', { ...intended('gone', bytes), moves: [moves.gone] }),
    fact('held', { ...intended('held', bytes), moves: [moves.held], holdMs: 1000 }),
    fact('gone', { type: 'ItemQuarantined', item: 'logs:/root/gone', bytes }),
    fact('held', { type: 'ItemQuarantined', item: 'logs:/root/held', bytes, heldUntilMs: 1 }),
    fact('gone', removed('gone', bytes)),
    inRun(done),
  ];
  const journalDirectory = join(root, 'clean', 'journal');
  const journal = await opened(journalDirectory);
  const appended = await journal.append(story === undefined ? drafts : story(drafts, paths));
  const entries = appended._unsafeUnwrap();
  await journal.close();
  await disk?.(paths, moves);
  return {
    roots: [root],
    journalDirectory,
    before,
    untouched: [stays],
    acknowledged: entries.map(({ id, seq }) => ({ id, seq })),
    saidRemoved: ['logs:/root/gone', 'logs:/root/held'],
    final: true,
    secondResumeAfter: entries.at(-1)?.seq ?? 0,
    ...ask?.(paths, entries),
  };
}

test('a healthy world breaks no rule', async (t) => {
  t.deepEqual(await check(await worldOf(t, {})), []);
});

test('a storage where nothing was ever cleaned breaks no rule', async (t) => {
  const root = temporaryDirectory(t);
  writeFileSync(join(root, 'file'), '');
  const before = Snapshot.take([root]);
  t.deepEqual(await check({ roots: [root], journalDirectory: join(root, 'clean', 'journal'), before }), []);
});

async function edit(journal: string, key: string, change: (value: string) => string): Promise<void> {
  const level = new Level(join(journal, 'db'));
  await level.put(key, change((await level.get(key)) ?? ''));
  await level.close();
}

const journalIn = ({ root }: Paths): string => join(root, 'clean', 'journal');
const without =
  (type: Event['type'], op?: string) =>
  (drafts: Draft[]): Draft[] =>
    drafts.filter((draft) => draft.event.type !== type || (op !== undefined && draft.op !== op));
const changing =
  (type: Event['type'], change: (event: Event) => Event) =>
  (drafts: Draft[]): Draft[] =>
    drafts.map((draft) => (draft.event.type === type ? { ...draft, event: change(draft.event) } : draft));

const breaks = test.macro({
  exec: async (t: ExecutionContext, rule: string, _: string, how: Break) => {
    const violations = await check(await worldOf(t, how));
    t.true(
      violations.some((violation) => violation.rule === rule),
      JSON.stringify(violations, undefined, 2),
    );
  },
  title: (_, rule, what) => `${rule} is broken by ${what}`,
});

test(breaks, 'J1', 'an entry that was edited', {
  disk: (paths) =>
    edit(journalIn(paths), 'e!0000000000000005', (value) =>
      value.replace('logs:/root/gone', 'logs:/root/none'),
    ),
});
test(breaks, 'J1', 'an anchor that knows another entry', {
  disk: (paths) => {
    const path = join(journalIn(paths), 'anchor.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"hash":"../, '"hash":"zz'));
  },
});
test(breaks, 'J1', 'an anchor ahead of the journal', {
  disk: (paths) => {
    const path = join(journalIn(paths), 'anchor.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"seq":\d+/, '"seq":999'));
  },
});
test(breaks, 'J1', 'a database that is gone', {
  disk: (paths) => rmSync(join(journalIn(paths), 'db'), { recursive: true }),
});
test(breaks, 'J2', 'an acknowledged entry that is not there', {
  ask: () => ({ acknowledged: [{ id: 'never-written', seq: 3 }] }),
});
test(breaks, 'J2', 'an acknowledged entry in another place', {
  ask: (_, entries) => ({ acknowledged: [{ id: entries[0]?.id ?? '', seq: 5 }] }),
});
test(breaks, 'J2', 'an item said to be removed without its fact', {
  story: without('ItemRemoved'),
});
test(breaks, 'J3', 'a path gone that no intent names', { disk: ({ stays }) => rmSync(stays) });
test(breaks, 'J3', 'a path gone that the intent knew as another object', {
  story: changing('RemovalIntended', (event) =>
    event.type === 'RemovalIntended'
      ? {
          ...event,
          moves: event.moves.map((move) => ({ ...move, identity: { ...move.identity, ino: '1' } })),
        }
      : event,
  ),
});
test(breaks, 'J3', 'a path gone that was said to be left alone', {
  story: (drafts) =>
    without('ItemRemoved')(drafts).map((draft) =>
      draft.event.type === 'ItemQuarantined' && draft.op === 'operation-gone'
        ? { ...draft, event: { type: 'ItemVanished', item: 'logs:/root/gone' } }
        : draft,
    ),
});
test(breaks, 'J4', 'a transition that is told twice', {
  story: (drafts) => [...drafts, ...drafts.filter(({ event }) => event.type === 'ItemRemoved')],
});
test(breaks, 'J4', 'a fact without an intent', { story: without('RemovalIntended', 'operation-held') });
test(breaks, 'J4', 'an operation without an end', { story: without('ItemRemoved') });
test(breaks, 'J5', 'one byte more in what must stay', { disk: ({ stays }) => appendFileSync(stays, '.') });
test(breaks, 'J5', 'another time of what must stay', { disk: ({ stays }) => utimesSync(stays, 1, 1) });
test(breaks, 'J6', 'one byte more behind a link', {
  disk: ({ stays }) => appendFileSync(stays, '.'),
  ask: ({ stays }) => ({ untouched: [{ path: stays, rule: 'J6' }] }),
});
test(breaks, 'J7', 'a change to what no operation is about', {
  disk: ({ stays }) => utimesSync(stays, 1, 1),
  ask: () => ({ untouched: [] }),
});
test(breaks, 'J7', 'something new in the storage', {
  disk: ({ stays }) => writeFileSync(`${stays}.new`, ''),
});
test(breaks, 'J7', 'a copy in the place of what was there', {
  disk: ({ stays }) => {
    writeFileSync(`${stays}.copy`, readFileSync(stays));
    renameSync(`${stays}.copy`, stays);
  },
});
test(breaks, 'J7', 'a change to what is held for undo', {
  disk: (_, { held }) => appendFileSync(held.to, '.'),
});
test(breaks, 'J8', 'something in quarantine whose operation has ended', {
  disk: (_, { gone }) => writeFileSync(gone.to, ''),
});
test(breaks, 'J8', 'something in quarantine of no operation', {
  disk: (_, { gone }) => writeFileSync(join(dirname(gone.to), 'operation-none.0'), ''),
});
test(breaks, 'J8', 'an operation that is still open', { story: without('ItemRemoved') });
test(breaks, 'J8', 'a resume lock', {
  disk: ({ root }) => {
    mkdirSync(join(root, 'resume_locks'));
    writeFileSync(join(root, 'resume_locks', 'session-1.lock'), '{}');
  },
});
test(breaks, 'J8', 'a run lock', { disk: ({ root }) => writeFileSync(join(root, 'clean', 'run.lock'), '') });
test(breaks, 'J9', 'a second resume that adds a fact', { ask: () => ({ secondResumeAfter: 3 }) });
test(breaks, 'J10', 'a stored row that the entries do not say', {
  disk: (paths) =>
    edit(journalIn(paths), 'p!run!run-1', (value) => value.replace('"failed":0', '"failed":1')),
});
test(breaks, 'J10', 'rows that are behind the entries', {
  disk: (paths) => edit(journalIn(paths), 'p!op!meta', (value) => value.replace(/"seq":\d+/, '"seq":1')),
});
test(breaks, 'J10', 'totals that the operations do not add up to', {
  story: changing('RunCompleted', () => ({ ...done, totals: { logs: { ...totals, removed: none } } })),
});
test(breaks, 'J11', 'a failure that does not say where', {
  story: (drafts) => [
    ...drafts,
    { run: 'run-1', op: 'operation-more', event: intended('more', 1) },
    { run: 'run-1', op: 'operation-more', event: { ...failed('more', true), path: '' } as Event },
  ],
});
test(breaks, 'J11', 'a run that ends without coming back to an item', {
  story: (drafts) => without('ItemRemoved')(without('ItemQuarantined', 'operation-gone')(drafts)),
});
test(breaks, 'J11', 'a run that tries less than was confirmed', {
  story: changing('RunConfirmed', (event) => ({ ...event, items: 3 }) as Event),
});
test(breaks, 'J12', 'a dry run that leaves something', {
  disk: ({ root }) => writeFileSync(join(root, 'logs', 'new'), ''),
  ask: ({ root }) => ({ untouched: [{ path: join(root, 'logs'), rule: 'J12' }] }),
});
test(breaks, 'J14', 'a move although there is no journal', {
  ask: ({ root }) => ({
    journalDirectory: join(root, 'nowhere'),
    untouched: [{ path: join(root, 'logs'), rule: 'J14' }],
  }),
});

/** The first of the two planned items alone, or as another object. */
const listing = (
  change: (items: readonly PlannedItem[]) => readonly PlannedItem[],
): NonNullable<Break['story']> =>
  changing('PlanRecorded', (event) =>
    event.type === 'PlanRecorded' ? { ...event, items: change(event.items) } : event,
  );
test(breaks, 'P6', 'an item that goes without being in the list', {
  story: listing((items) => items.slice(0, 1)),
});
test(breaks, 'P6', 'an object that goes and is not the one that was listed', {
  story: listing((items) =>
    items.map((item) => ({
      ...item,
      parts: item.parts.map(({ path, identity }) => ({ path, identity: { ...identity, ino: '1' } })),
    })),
  ),
});
test(breaks, 'P6', 'a run that applies a plan of less', {
  story: changing('RunStarted', (event) => ({ ...started, ...event, applies: 'another' }) as Event),
});
test(breaks, 'P6', 'a resumed run that plans what was not planned', {
  story: changing('RunStarted', (event) => ({ ...started, ...event, resumeOf: 'run-0' }) as Event),
});

test('what the trial itself changed is not held against the program', async (t) => {
  const world = await worldOf(t, {
    disk: ({ stays }) => appendFileSync(stays, '.'),
    ask: ({ stays }) => ({ untouched: [], except: [stays] }),
  });
  t.deepEqual(await check(world), []);
});

test('J13: damage that tells another story is a violation, unless it is reported', async (t) => {
  const { journalDirectory } = await worldOf(t, {});
  const healthy = await replay(journalDirectory);
  t.is(healthy.type, 'read');
  t.deepEqual(damageUnreported(healthy, healthy, 'nothing'), []);
  if (healthy.type !== 'read') return;
  for (const entries of [
    healthy.entries.slice(0, -1),
    healthy.entries.map((text) => text.replace('gone', 'none')),
  ])
    t.is(damageUnreported(healthy, { type: 'read', entries }, 'a cut')[0]?.rule, 'J13');

  await edit(journalDirectory, 'e!0000000000000005', (value) => value.replace('gone', 'none'));
  const damaged = await replay(journalDirectory);
  t.is(damaged.type, 'reported');
  t.deepEqual(damageUnreported(healthy, damaged, 'an edit'), []);
  t.false(readdirSync(journalDirectory).some((name) => name.startsWith('snap-')));
});
