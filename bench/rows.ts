import { decide } from './rows/decide.ts';
import { idle } from './rows/idle-runs.ts';
import { log } from './rows/log.ts';
import { memoryRows } from './rows/memory.ts';
import { overviewCold, overviewWarm } from './rows/overview.ts';
import { resume } from './rows/resume.ts';
import { smallItems } from './rows/small-items.ts';
import { starts } from './rows/start.ts';
import { removeOne, removeWorktrees } from './rows/worktrees.ts';
import type { Row } from './row.ts';

/** The works of DESIGN 9, in its order. */
export const rows: readonly Row[] = [
  overviewCold,
  overviewWarm,
  removeWorktrees,
  removeOne,
  ...smallItems,
  decide,
  log,
  ...starts,
  ...memoryRows,
  resume,
  ...idle,
];
