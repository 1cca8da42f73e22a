import { slice } from './slice.ts';
import { suite } from './hostile-trees.ts';

slice(
  suite,
  'links are not followed, mounts not crossed, and one tree that resists does not stop the others',
);
