import { slice } from './slice.ts';
import { suite } from './power-cut-two.ts';

slice(suite, 'with the journal on another file system, either may lose its power and neither story is false');
