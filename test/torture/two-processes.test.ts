import { suite } from './two-processes.ts';
import { slice } from './slice.ts';

slice(suite, 'of two cleaners one works, and readers beside them see a journal without a gap (P11)');
