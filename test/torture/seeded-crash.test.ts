import { suite } from './seeded-crash.ts';
import { slice } from './slice.ts';

slice(suite, 'a run killed at any step ends where it would have ended, whatever the world did meanwhile');
