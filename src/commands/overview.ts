import { statfs } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { Begun } from '../disk/measure.ts';
import type { Failure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import { repositoryAt } from '../storage/repository.ts';
import { explain } from '../ui/explain.ts';
import { printable } from '../ui/format.ts';
import { overviewText, type VolumeView } from '../ui/overview-text.ts';
import { openProgress } from '../ui/progress.ts';
import { accountOf } from './account.ts';
import { printDocument } from './answer.ts';
import { earlierSeen } from './earlier.ts';
import { endRun, putOnRecord } from './run-steps.ts';
import { clockNotes } from './clock.ts';
import { openForLooking } from './journal-access.ts';
import { lookAndJudge, noRules, runPolicy } from './looking.ts';
import { holdsUnknown, pinsSeen } from './pins-now.ts';
import type { CleanRequest } from './options.ts';
import { scopeOf } from './scope.ts';
import type { Shell } from './shell.ts';
import { viewOf } from './view.ts';

/**
 * Bare `prodigy clean`: what is there, what could go, what stays and why. Removes nothing.
 *
 * @param begun - worktrees that are being added up already; the caller disposes of it
 */
export async function overview(
  request: CleanRequest,
  shell: Shell,
  begun?: Begun,
): Promise<Result<number, Failure>> {
  const { config, terminal } = shell;
  const isOutside = request.repository === undefined && (await repositoryAt(shell.cwd)) === undefined;
  const everything: CleanRequest = {
    ...request,
    kinds,
    allRepositories: request.allRepositories || isOutside,
  };
  const scope = await scopeOf(everything, shell.cwd, config.roots);
  if (scope.isErr()) return err(scope.error);
  if (config.roots.length === 0 && request.output === 'text') {
    terminal.out(`There is no Prodigy storage at ${printable(config.firstRoot)}: nothing to clean.\n`);
    return ok(0);
  }

  const progress = openProgress(terminal, request.output === 'jsonl');
  try {
    const startedAtMs = shell.clock();
    const policy = runPolicy(startedAtMs, undefined, kinds, noRules);
    const { pins, unknown } = await pinsSeen(shell, startedAtMs);
    const scan = await lookAndJudge(scope.value, policy, shell, progress, pins, begun);
    progress.stop();
    await using ledger = await openForLooking(shell, request.output);
    const { record, journal } = ledger;
    const put = { request, scope: scope.value, policy, scan, record, journal, command: 'overview' };
    const planned = await putOnRecord(put, shell);
    if (planned.isErr()) return err(planned.error);
    const asked = { run: record.id, nowMs: startedAtMs, policy, kinds };
    const clock = request.acceptClock ? ok([]) : await clockNotes(journal, asked, shell);
    if (clock.isErr()) return err(clock.error);
    const notes = [...(unknown === undefined ? [] : [holdsUnknown(unknown)]), ...clock.value];
    const volume = await volumeView(config.roots[0] ?? config.firstRoot);
    const account = accountOf(record);
    const ended = await endRun(record, 'planned', 0, account, volume?.freeBytes, volume?.freeBytes);
    if (ended.isErr()) return err(ended.error);

    const ids = { run: record.id, plan: planned.value, dryRun: true };
    const view = viewOf(scan, scope.value, policy, config.roots, ids);
    if (request.output === 'json') {
      await printDocument(
        {
          view,
          outcome: 'planned',
          exitCode: 0,
          startedAtMs,
          endedAtMs: shell.clock(),
          ...account,
          freeBefore: volume?.freeBytes,
          freeAfter: volume?.freeBytes,
          notes,
        },
        terminal,
      );
    }
    if (request.output === 'text') {
      const earlier = await earlierSeen(journal, shell, startedAtMs);
      const text = { view, volume, earlier, pins: pins.values() };
      terminal.out(overviewText(text, terminal.outColours, terminal.columns()));
      for (const note of notes) terminal.err(`${note}\n`);
      if (ledger.without !== undefined && ledger.without.type !== 'journal-absent')
        terminal.err(`Not journalled: ${explain(ledger.without).sentence}\n`);
    }
    return ok(0);
  } finally {
    progress.stop();
  }
}

async function volumeView(path: string): Promise<VolumeView | undefined> {
  return statfs(path).then(
    ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, totalBytes: blocks * bsize }),
    () => undefined,
  );
}
