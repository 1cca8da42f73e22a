import { suite } from './kills.ts';
import { slice } from './slice.ts';

slice(suite, 'killed at any moment and resumed, a run ends where an unbroken one ends (P5)');
