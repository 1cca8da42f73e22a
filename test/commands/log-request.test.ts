import test from 'ava';
import { parseLog, type LogFlags } from '../../src/commands/log-request.ts';

const nowMs = Date.UTC(2026, 10, 25, 12);

async function refusal(flags: LogFlags): Promise<string> {
  const parsed = await parseLog(flags, nowMs);
  return parsed.isErr() ? `${parsed.error.problem} ${parsed.error.text ?? ''}`.trim() : 'accepted';
}

test('a name that does not exist is refused, with what was perhaps meant and what there is', async (t) => {
  t.is(
    await refusal({ event: ['ItemRemove'] }),
    "There is no event 'ItemRemove'; did you mean 'ItemRemoved'?",
  );
  t.is(
    await refusal({ kind: ['logs', 'worktree'] }),
    "There is no kind 'worktree'; did you mean 'worktrees'?",
  );
  t.is(await refusal({ reason: ['dirtyy'] }), "There is no reason 'dirtyy'; did you mean 'dirty'?");
  t.is(await refusal({ reason: ['because'] }), 'There is no reason because');
  const parsed = await parseLog({ reason: ['because'] }, nowMs);
  t.true(parsed.isErr() && parsed.error.accepted?.includes('resumable'));
  t.is(await refusal({ reason: ['young', 'EACCES', 'merged', 'clock-behind'] }), 'accepted');
});

test('what excludes each other is not guessed', async (t) => {
  t.is(await refusal({ json: true, csv: true }), '--json and --csv exclude each other');
  t.is(await refusal({ follow: true, reverse: true }), '--follow and --reverse exclude each other');
  t.is(await refusal({ follow: true, until: 'now' }), '--follow has no end, --until has');
  t.is(await refusal({ follow: true, json: true }), '--json is one array, and --follow never ends');
  t.is(await refusal({ follow: true, csv: true, since: '7d' }), 'accepted');
  for (const limit of ['0', '-1', 'all', '1.5', ''])
    t.is(await refusal({ limit }), `--limit is not a count ${limit}`.trim());
  t.is(await refusal({ item: [''] }), '--item is empty');
  t.is(await refusal({ since: 'whenever' }), '--since is not a time whenever');
});
