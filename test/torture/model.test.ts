import { suite } from './model.ts';
import { slice } from './slice.ts';

slice(suite, 'every transition is legal or illegal as the tables have it');
