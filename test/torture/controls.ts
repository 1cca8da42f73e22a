import { controls as appendFaults } from './append-faults-controls.ts';
import type { Control } from './control.ts';
import { controls as damage } from './journal-damage-controls.ts';
import { controls as growth } from './growth-controls.ts';
import { controls as model } from './model-controls.ts';
import { controls as mutation } from './mutation-controls.ts';
import { controls as neighbours } from './neighbour-controls.ts';

/** T12: all controls there are, by the suite that has to catch them. */
export const controls: readonly Control[] = [
  ...model,
  ...appendFaults,
  ...damage,
  ...neighbours,
  ...growth,
  ...mutation,
];
