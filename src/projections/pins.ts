import type { KeyedProjection } from '../journal/projection.ts';
import type { Pin } from '../model/pin.ts';

/** What is on hold or abandoned, by what it is about; gone when it is released. Whether a hold is over is not asked. */
export const pins: KeyedProjection<Pin> = {
  name: 'pin',
  version: 1,
  keyOf: ({ event }) => ('target' in event ? event.target : undefined),
  apply: (row, { event, atMs }) => {
    switch (event.type) {
      case 'HoldPlaced': {
        const { target, name, reason, untilMs } = event;
        return {
          ...row,
          target,
          name,
          hold: { reason, atMs, ...(untilMs === undefined ? {} : { untilMs }) },
        };
      }
      case 'SessionAbandoned': {
        const { target, name, reason } = event;
        return { ...row, target, name, abandoned: { reason, atMs } };
      }
      default:
        return undefined;
    }
  },
};
