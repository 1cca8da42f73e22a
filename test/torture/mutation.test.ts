import { slice } from './slice.ts';
import { suite } from './mutation.ts';

slice(
  suite,
  'whatever is wrong with a stored file, nothing goes for it, and what is not understood is kept and told (P3)',
);
