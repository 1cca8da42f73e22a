import { controls as appendFaults } from './append-faults-controls.ts';
import type { Control } from './control.ts';
import { controls as disk } from './disk-controls.ts';
import { controls as faultSweep } from './fault-sweep-controls.ts';
import { controls as growth } from './growth-controls.ts';
import { controls as damage } from './journal-damage-controls.ts';
import { controls as kills } from './kills-controls.ts';
import { controls as model } from './model-controls.ts';
import { controls as mutation } from './mutation-controls.ts';
import { controls as neighbours } from './neighbour-controls.ts';
import { controls as seededCrash } from './seeded-crash-controls.ts';
import { controls as twoProcesses } from './two-processes-controls.ts';

/** T12: all controls there are, by the suite that has to catch them. */
export const controls: readonly Control[] = [
  ...model,
  ...seededCrash,
  ...kills,
  ...faultSweep,
  ...appendFaults,
  ...damage,
  ...twoProcesses,
  ...neighbours,
  ...growth,
  ...mutation,
  ...disk,
];
