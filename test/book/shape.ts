/**
 * A text without what differs from one storage, machine or moment to the next: ids, times, sizes, counts, the width of
 * columns. Two outputs of the same kind have the same shape, and a word that was changed makes another one.
 */
export function shapeOf(text: string): string {
  return text
    .split('\n')
    .map((line) => replacements.reduce((shape, [found, name]) => shape.replace(found, name), line).trim())
    .join('\n')
    .trim();
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

const replacements: readonly (readonly [RegExp, string])[] = [
  [/^Free on volume:.*/, 'Free on volume: SIZE'],
  [/(\bundo until|\buntil|\bin) \d+[dhms]\b/g, '$1 AGE'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [A-Z]{3,4}(?:[+-][\d:]+)?)/g, 'TIME'],
  [/\d{4}-\d\d-\d\d/g, 'DATE'],
  [new RegExp(`(?:\\d{8}_\\d{6}-)?${uuid}`, 'g'), 'UUID'],
  [/\bworkflow-\d+|\bsession-UUID/g, 'SESSION'],
  [/\b\d{8}_\d{6}\b/g, 'STAMP'],
  [/(Run|run|undo|Last run:|show|resume|anchor) +(?=[\w-]*[A-Z\d_])[\w-]{8,21}(?=[ :.,]|$)/g, '$1 ID'],
  // The size in a record of CSV, before the operation: as many digits as it likes, so not to be taken for a commit.
  [/,\d+,(?=[\w-]{21},)/g, ',N,'],
  [/(?<![\w-])[\w-]{21}(?=,)/g, 'ID'],
  [/\b(at|as) [0-9a-f]{7,40}\b/g, '$1 HASH'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b/g, 'HASH'],
  [/[\d,.]+ (?:B|KB|MB|GB|TB)(?:\/s)?(?![\w])/g, 'SIZE'],
  [/\b(?:\d+(?:\.\d+)?(?:ms|mo|[ywdhms]))+\b|\b[\d.]+ m?s\b/g, 'AGE'],
  [/\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?/g, 'N'],
  // How many a killed run had moved is chance, and of one the noun has no ending.
  [/\bN ([a-z]+?)s?\b/g, 'N $1'],
  [/\s+/g, ' '],
];
