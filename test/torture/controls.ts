import type { Control } from './control.ts';
import { controls as faultSweep } from './fault-sweep-controls.ts';
import { controls as model } from './model-controls.ts';
import { controls as seededCrash } from './seeded-crash-controls.ts';

/** T12: all controls there are, by the suite that has to catch them. */
export const controls: readonly Control[] = [...model, ...seededCrash, ...faultSweep];
