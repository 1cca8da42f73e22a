import type { Control } from './control.ts';
import { controls as disk } from './disk-controls.ts';
import { controls as growth } from './growth-controls.ts';
import { controls as model } from './model-controls.ts';

/** T12: all controls there are, by the suite that has to catch them. */
export const controls: readonly Control[] = [...model, ...growth, ...disk];
