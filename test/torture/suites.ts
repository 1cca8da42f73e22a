import { suite as kills } from './kills.ts';
import { suite as model } from './model.ts';
import type { Suite } from './suite.ts';
import { suite as twoProcesses } from './two-processes.ts';

/** All suites there are, in the order of JOURNAL 5.3. T12 are the controls. */
export const suites: readonly Suite[] = [model, kills, twoProcesses];
