/** What tells how much time has passed, whatever the clock says. */
export type Machine = {
  /** Names one start of the machine; empty where the system has no such name. */
  readonly bootId: string;
  /** Milliseconds since the machine was started, sleep included. */
  readonly uptimeMs: number;
};
