import { slice } from './slice.ts';
import { suite } from './swaps.ts';

slice(suite, 'whoever swaps names during a removal leads it to nothing that was not judged');
