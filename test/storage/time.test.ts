import test from 'ava';
import { eventNameMs, jobOfAgent, looksLikeSession, nameMs } from '../../src/storage/names.ts';
import { compactMs, instantMs, newest } from '../../src/storage/time.ts';

const atMs = Date.UTC(2025, 11, 28, 3, 11, 29);

const reads = test.macro({
  exec(t, text: string, expected: number | undefined) {
    t.is(instantMs(text), expected);
  },
  title: (_: string | undefined, text: string) => `the time "${text}" is read for what it is`,
});

test(reads, '2025-12-28T03:11:29Z', atMs);
test(reads, '2025-12-28T03:11:29.482Z', atMs + 482);
test(reads, '2025-12-28T03:11:29.482915Z', atMs + 482);
test(reads, '2025-12-28T03:11:29.482915306Z', atMs + 482);
test(reads, '2025-12-28T03:11:29+00:00', atMs);
test(reads, '2025-12-28T05:11:29.5+02:00', atMs + 500);
test(reads, '2025-12-28T03:11:29', undefined);
test(reads, '2025-12-28', undefined);
test(reads, '2025-13-28T03:11:29Z', undefined);
test(reads, '2025-02-29T03:11:29Z', undefined);
test(reads, '2024-02-29T03:11:29Z', Date.UTC(2024, 1, 29, 3, 11, 29));
test(reads, '2025-02-30T03:11:29Z', undefined);
test(reads, '2025-04-31T03:11:29Z', undefined);
test(reads, '2025-12-27T24:00:00Z', undefined);
test(reads, '1970-01-01T00:00:00Z', undefined);
test(reads, '0001-01-01T00:00:00Z', undefined);
test(reads, 'yesterday', undefined);
test(reads, '', undefined);

test('times in names are UTC, whatever the zone of the machine', (t) => {
  t.is(compactMs('20251228_031129'), atMs);
  t.is(nameMs('mapreduce-20251228_031129'), atMs);
  t.is(nameMs('session-mapreduce-20251228_031129'), atMs);
  t.is(nameMs('mapreduce-agent-mapreduce-20251228_031129_agent_16'), atMs);
  t.is(nameMs(`workflow-${atMs}`), atMs);
  t.is(nameMs('session-86e6dec2-c2b2-457e-b430-e213a88c730c'), undefined);
  t.is(nameMs('api'), undefined);
  t.deepEqual(eventNameMs('events-20251228_031129.20251228_031139.jsonl.gz'), {
    startMs: atMs,
    lastMs: atMs + 10_000,
  });
});

test('a name that tells of a time before there was a Prodigy tells none (story 14)', (t) => {
  t.is(nameMs('workflow-0000000000001'), undefined);
  t.is(nameMs('mapreduce-19700101_000000'), undefined);
});

test('a repository is not taken for a session because its name begins like one', (t) => {
  t.true(looksLikeSession('workflow-1764118326168'));
  t.false(looksLikeSession('workflow-1764'));
  t.false(looksLikeSession('session-app'));
  t.is(jobOfAgent('mapreduce-agent-mapreduce-20251228_031129_agent_16'), 'mapreduce-20251228_031129');
  t.is(jobOfAgent('mapreduce-agent'), undefined);
});

test('the newest of nothing is nothing', (t) => {
  t.is(newest(undefined, undefined), undefined);
  t.is(newest(undefined, 3, 7, undefined, 5), 7);
});
