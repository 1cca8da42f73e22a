import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Of what was alive after the last collection, so much may be added before the next. */
const growthPercent = 50;

/** The space for what is new is to stay about so large, both its halves together; V8 would go to two to eight times that. */
const mostNewBytes = 16 * 1024 * 1024;

/**
 * Lets the heap grow less before the collector runs: left alone, it lets a run with many items fill three times what
 * it needs. This is no limit, nothing fails by it. Who has set the heap for himself is not overruled.
 */
export function keepHeapSmall(options: readonly string[]): void {
  if (options.some((option) => /heap|old[-_]space|semi[-_]space|optimize[-_]for[-_]size/u.test(option)))
    return;
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  keepNewSpaceSmall();
}

/** How large it may become V8 reads once, when it starts; by what factor it grows, each time it does. */
function keepNewSpaceSmall(): void {
  // Loading the program has made it so large, as a rule.
  if (stopNewSpace()) return;
  const observer = new PerformanceObserver(() => {
    if (stopNewSpace()) observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** @returns whether it is large enough, and grows no more */
function stopNewSpace(): boolean {
  if (newSpaceBytes() < mostNewBytes) return false;
  setFlagsFromString('--semi-space-growth-factor=1');
  return true;
}

function newSpaceBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
