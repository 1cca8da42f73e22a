import { eventShapes } from '../journal/event-shape.ts';
import { kinds } from '../model/kind.ts';
import type { ValueSource } from '../ui/command-page.ts';
import { shells } from '../ui/completion-script.ts';
import { reasons } from './log-request.ts';

/** What is always the same, for completion. */
export const fixedValues: Partial<Record<ValueSource, readonly string[]>> = {
  kinds: kinds.toReversed(),
  'kinds-and-all': ['all', ...kinds.toReversed()],
  events: Object.keys(eventShapes),
  reasons,
  shells,
  ages: ['1d', '7d', '14d', '30d', '6mo', '1y'],
  times: ['today', 'yesterday', '24h', '7d', '30d'],
};
