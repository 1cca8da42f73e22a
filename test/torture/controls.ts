import type { Control } from './control.ts';
import { controls as model } from './model-controls.ts';

/** T12: all controls there are, by the suite that has to catch them. */
export const controls: readonly Control[] = [...model];
