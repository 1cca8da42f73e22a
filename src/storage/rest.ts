import type { Rest } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Relations } from './relations.ts';
import { isTerminal } from './session-file.ts';
import { newest } from './time.ts';

const noRecord: Rest = { type: 'no-record' };

/** Whether the work of these owners ended, by their own records. One that has not ended speaks for all. */
export function restOf(owners: readonly OwnerId[], relations: Relations): Rest {
  let endedMs: number | undefined;
  for (const owner of owners) {
    const rest = owner.startsWith('session:')
      ? sessionRest(owner.slice('session:'.length), relations)
      : jobRest(owner.slice('job:'.length), relations);
    if (rest.type === 'unfinished') return rest;
    if (rest.type === 'ended') endedMs = newest(endedMs, rest.atMs);
  }
  return endedMs === undefined ? noRecord : { type: 'ended', atMs: endedMs };
}

function sessionRest(id: string, { records }: Relations): Rest {
  const record = records.get(id);
  if (record === undefined || record.state === 'absent') return noRecord;
  if (record.state === 'broken' || !isTerminal(record.status)) return { type: 'unfinished' };
  return { type: 'ended', atMs: record.lastRecordedMs };
}

function jobRest(job: string, { jobStates }: Relations): Rest {
  let endedMs: number | undefined;
  for (const { state } of jobStates.get(job) ?? []) {
    if (state.state === 'incomplete' || state.state === 'broken') return { type: 'unfinished' };
    if (state.state === 'complete') endedMs = newest(endedMs, state.recordedAtMs);
  }
  return endedMs === undefined ? noRecord : { type: 'ended', atMs: endedMs };
}
