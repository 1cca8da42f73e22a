import { suite } from './fault-sweep.ts';
import { slice } from './slice.ts';

slice(suite, 'a call that fails costs its item at most, and is told');
