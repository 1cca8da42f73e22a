import { suite } from './growth.ts';
import { slice } from './slice.ts';

slice(suite, 'a journal that is opened again and again stays small');
