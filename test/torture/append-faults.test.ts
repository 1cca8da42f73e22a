import { suite } from './append-faults.ts';
import { slice } from './slice.ts';

slice(suite, 'no acknowledged entry is lost when appends fail and the disk is full');
