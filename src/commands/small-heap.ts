import { setFlagsFromString } from 'node:v8';

/** Of what was alive after the last collection, so much may be added before the next. */
const growthPercent = 50;

/**
 * Lets the heap grow less before the collector runs: left alone, it lets a run with many items fill three times what
 * it needs. This is no limit, nothing fails by it. Who has set the heap for himself is not overruled.
 */
export function keepHeapSmall(options: readonly string[]): void {
  if (options.some((option) => /heap|old[-_]space|semi[-_]space|optimize[-_]for[-_]size/u.test(option)))
    return;
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
