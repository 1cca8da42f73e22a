import { slice } from './slice.ts';
import { suite } from './power-cut.ts';

slice(suite, 'whatever moment the power is cut at, what was acknowledged is there and resume ends the rest');
