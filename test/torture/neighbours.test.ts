import { slice } from './slice.ts';
import { suite } from './neighbours.ts';

slice(
  suite,
  'a neighbour at work loses nothing to a cleanup, and keeps it from nothing else (P11, stories 20, 26, 29)',
);
