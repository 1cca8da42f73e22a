import { suite as faultSweep } from './fault-sweep.ts';
import { suite as model } from './model.ts';
import { suite as seededCrash } from './seeded-crash.ts';
import type { Suite } from './suite.ts';

/** All suites there are, in the order of JOURNAL 5.3. T12 are the controls. */
export const suites: readonly Suite[] = [model, seededCrash, faultSweep];
