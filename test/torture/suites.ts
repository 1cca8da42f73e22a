import { suite as appendFaults } from './append-faults.ts';
import { suite as growth } from './growth.ts';
import { suite as journalDamage } from './journal-damage.ts';
import { suite as kills } from './kills.ts';
import { suite as model } from './model.ts';
import { suite as mutation } from './mutation.ts';
import { suite as neighbours } from './neighbours.ts';
import { suite as scale } from './scale.ts';
import type { Suite } from './suite.ts';
import { suite as twoProcesses } from './two-processes.ts';

/** All suites there are, in the order of JOURNAL 5.3. T12 are the controls. */
export const suites: readonly Suite[] = [
  model,
  kills,
  appendFaults,
  journalDamage,
  twoProcesses,
  neighbours,
  growth,
  scale,
  mutation,
];
