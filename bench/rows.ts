import { decide } from './rows/decide.ts';
import { overviewCold, overviewWarm } from './rows/overview.ts';
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
  ...starts,
];
