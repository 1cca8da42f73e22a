import { suite } from './scale.ts';
import { slice } from './slice.ts';

slice(suite, 'a long journal is replayed and verified within bounds');
