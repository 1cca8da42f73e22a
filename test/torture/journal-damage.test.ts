import { suite } from './journal-damage.ts';
import { slice } from './slice.ts';

slice(suite, 'no damage in any file of a journal goes unnoticed and changes what is read');
