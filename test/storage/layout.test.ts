import test from 'ava';
import { classify, type Place } from '../../src/storage/layout.ts';
import type { FileType } from '../../src/model/item.ts';

const session = 'session-86e6dec2-c2b2-457e-b430-e213a88c730c';
const job = 'mapreduce-20251228_031129';

const isPlace = test.macro({
  exec(
    t,
    path: string,
    expected: Place | Place['type'],
    type: FileType = path.endsWith('/') ? 'directory' : 'file',
  ) {
    const place = classify(path.replace(/\/$/, '').split('/'), type);
    if (typeof expected === 'string') t.is(place.type, expected);
    else t.deepEqual(place, expected);
  },
  title: (_: string | undefined, path: string, expected: Place | Place['type'], type?: FileType) =>
    `${type ?? ''} ${path} is ${typeof expected === 'string' ? expected : expected.type}`.trim(),
});

test(isPlace, 'worktrees/', 'container');
test(isPlace, 'worktrees/api/', 'container');
test(isPlace, 'worktrees/.dotfiles/', 'container');
test(isPlace, 'worktrees/api/.gitignore', 'ignored');
test(isPlace, `worktrees/api/${session}/`, { type: 'worktree', holder: 'api', name: session });
test(isPlace, `worktrees/api/.metadata/${session}.json`, {
  type: 'worktree-metadata',
  holder: 'api',
  name: session,
});
test(isPlace, `worktrees/api/.metadata/${session}.json.tmp`, 'ignored');
test(isPlace, 'worktrees/api/.metadata/cleanup.log', 'ignored');
test(isPlace, 'worktrees/api/notes.txt', 'unknown');
test(isPlace, 'worktrees/api/.cache/', 'unknown');
test(isPlace, `sessions/${session}.json`, { type: 'session-file', session });
test(isPlace, `sessions/${session}.json`, { type: 'session-file', session }, 'symlink');
test(isPlace, `sessions/${session}/`, { type: 'session-directory', session });
test(isPlace, 'sessions/notes.txt', 'unknown');
test(isPlace, 'sessions/.hidden.json', 'unknown');
test(isPlace, `state/${session}/checkpoints/`, { type: 'checkpoints', holder: session });
test(isPlace, `state/${session}/mapreduce/`, { type: 'mapreduce', holder: session });
test(isPlace, `state/api/mapreduce/jobs/${job}/`, { type: 'job-state', holder: 'api', job });
test(isPlace, `state/api/jobs/${job}/`, { type: 'job-state', holder: 'api', job });
test(isPlace, `state/api/${job}/`, { type: 'job-state', holder: 'api', job });
test(isPlace, 'state/api/plans/', 'unknown');
test(isPlace, `state/api/mapreduce/dlq/${job}/`, { type: 'dead-letters', holder: 'api', job });
test(isPlace, 'state/api/mapreduce/other/', 'unknown');
test(isPlace, `state/api/mappings/${job}.json`, { type: 'mapping', holder: 'api', name: job });
test(isPlace, `state/reduce_checkpoints/${job}/`, { type: 'job-state', holder: undefined, job });
test(isPlace, `events/api/${session}/`, { type: 'event-directory', holder: 'api', name: session });
test(isPlace, 'events/archive/events_archive_2025.jsonl.gz', {
  type: 'event-file',
  name: 'events_archive_2025.jsonl.gz',
});
test(isPlace, `events/archive/${session}/`, { type: 'event-directory', holder: 'archive', name: session });
test(isPlace, 'events_archive/events_archive_2025.jsonl', 'event-file');
test(isPlace, `dlq/${session}/${job}/`, { type: 'dead-letters', holder: session, job });
test(isPlace, 'logs/claude-streaming/20251228_031140-x.jsonl', 'log');
test(isPlace, 'logs/claude-streaming/readme.md', 'unknown');
test(isPlace, 'logs/api/', 'container');
test(isPlace, `resume_locks/${session}.lock`, { type: 'lock', id: session });
test(isPlace, 'clean/', 'ignored');
test(isPlace, 'config.yml', 'ignored');
test(isPlace, 'config.toml', 'ignored');
test(isPlace, 'templates/', 'ignored');
test(isPlace, 'orphaned_worktrees/', 'ignored');
test(isPlace, 'locks/', 'ignored');
test(isPlace, 'backup/', 'unknown');
test(isPlace, 'sessions', 'unknown', 'other');

test('in old releases the second level is the job, which its contents tell', (t) => {
  const children = [{ name: 'event_20250921.jsonl', type: 'file' }] as const;
  t.deepEqual(classify(['events', job], 'directory', children), {
    type: 'event-directory',
    holder: undefined,
    name: job,
  });
  t.is(classify(['events', 'api'], 'directory', [{ name: session, type: 'directory' }]).type, 'container');
  t.is(classify(['events', 'api'], 'directory').type, 'container');
  const letters = [{ name: 'item_1.json', type: 'file' }] as const;
  t.deepEqual(classify(['dlq', job], 'directory', letters), {
    type: 'dead-letters',
    holder: undefined,
    job,
  });
  const mixed = [...letters, { name: job, type: 'directory' }] as const;
  t.is(classify(['dlq', 'api'], 'directory', mixed).type, 'container');
});
