import { suite as fullDisk } from './full-disk.ts';
import { suite as growth } from './growth.ts';
import { suite as hostileTrees } from './hostile-trees.ts';
import { suite as kills } from './kills.ts';
import { suite as model } from './model.ts';
import { suite as mutation } from './mutation.ts';
import { suite as neighbours } from './neighbours.ts';
import { suite as powerCutTwo } from './power-cut-two.ts';
import { suite as powerCut } from './power-cut.ts';
import { suite as scale } from './scale.ts';
import type { Suite } from './suite.ts';
import { suite as swaps } from './swaps.ts';
import { suite as twoProcesses } from './two-processes.ts';

/** All suites there are, in the order of JOURNAL 5.3. T12 are the controls. */
export const suites: readonly Suite[] = [
  model,
  kills,
  powerCut,
  powerCutTwo,
  fullDisk,
  twoProcesses,
  neighbours,
  growth,
  scale,
  swaps,
  hostileTrees,
  mutation,
];
