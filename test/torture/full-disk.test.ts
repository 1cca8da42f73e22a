import { slice } from './slice.ts';
import { suite } from './full-disk.ts';

slice(
  suite,
  'however full the disk is, it is cleaned, nothing that was said is lost, and the reserve comes back',
);
