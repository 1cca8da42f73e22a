import { suite as appendFaults } from './append-faults.ts';
import { suite as faultSweep } from './fault-sweep.ts';
import { suite as fullDisk } from './full-disk.ts';
import { suite as growth } from './growth.ts';
import { suite as hostileTrees } from './hostile-trees.ts';
import { suite as journalDamage } from './journal-damage.ts';
import { suite as kills } from './kills.ts';
import { suite as model } from './model.ts';
import { suite as mutation } from './mutation.ts';
import { suite as neighbours } from './neighbours.ts';
import { suite as powerCutTwo } from './power-cut-two.ts';
import { suite as powerCut } from './power-cut.ts';
import { suite as scale } from './scale.ts';
import { suite as seededCrash } from './seeded-crash.ts';
import type { Suite } from './suite.ts';
import { suite as swaps } from './swaps.ts';
import { suite as twoProcesses } from './two-processes.ts';

/** All suites there are, in the order of JOURNAL 5.3. T12 are the controls. */
export const suites: readonly Suite[] = [
  model,
  seededCrash,
  kills,
  powerCut,
  powerCutTwo,
  faultSweep,
  appendFaults,
  fullDisk,
  twoProcesses,
  neighbours,
  growth,
  scale,
  swaps,
  hostileTrees,
  mutation,
  journalDamage,
];
