import type { KeyedProjection } from '../journal/projection.ts';
import type { Doubt } from '../model/reason.ts';

export type LastOddity = { readonly reason: string; readonly detail: string };

/** What an oddity is known by: its path, or else its description. */
export function oddityKey({ path, detail }: Pick<Doubt, 'path' | 'detail'>): string {
  return path ?? detail;
}

/** One row for each thing that was left alone as unexplained, so that it is not journalled at every look. */
export const lastOddity: KeyedProjection<LastOddity> = {
  name: 'oddity',
  version: 2,
  keyOf: ({ event }) => {
    if (event.type === 'QuarantineOrphanFound') return event.path;
    return event.type === 'OddityFound' ? oddityKey(event) : undefined;
  },
  apply: (row, { event }) => {
    if (event.type === 'QuarantineOrphanFound') return { reason: 'unattributed', detail: 'in quarantine' };
    return event.type === 'OddityFound' ? { reason: event.reason, detail: event.detail } : row;
  },
};
