import { setImmediate } from 'node:timers/promises';

/** These take about as long as the journal needs to be asked again. */
const filesInARow = 64;

/**
 * Files are moved and freed without waiting for anything, thousands in a row: whoever writes the journal beside, and
 * whoever wants to stop, gets a turn in between. Called after each.
 */
export function breaths(): () => Promise<void> | undefined {
  let done = 0;
  let turn: Promise<void> | undefined;
  return () => {
    done += 1;
    if (done % filesInARow === 0 && turn === undefined) {
      turn = setImmediate().then(() => {
        turn = undefined;
      });
    }
    return turn;
  };
}
