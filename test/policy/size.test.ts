import test from 'ava';
import { parseSize } from '../../src/policy/size.ts';

const reads = test.macro<[string, number]>({
  exec(t, text, expectedBytes) {
    t.is(parseSize(text)._unsafeUnwrap(), expectedBytes);
  },
  title: (_, text) => `"${text}" is a size`,
});

test(reads, '100B', 100);
test(reads, '10K', 10_240);
test(reads, '512MB', 512 * 1024 ** 2);
test(reads, '512 MiB', 512 * 1024 ** 2);
test(reads, '1.5 GB', 1.5 * 1024 ** 3);
test(reads, '2t', 2 * 1024 ** 4);
test(reads, ' 1gb ', 1024 ** 3);

const refuses = test.macro<[string, RegExp]>({
  exec(t, text, problem) {
    const failure = parseSize(text)._unsafeUnwrapErr();
    t.is(failure.type, 'usage');
    t.is(failure.text, text);
    t.regex(failure.problem, problem);
    t.true((failure.accepted ?? []).includes('512MB'));
  },
  title: (_, text) => `"${text.slice(0, 30)}" is refused as a size, and the accepted forms are shown`,
});

test(refuses, '', /missing/);
test(refuses, '-1GB', /negative/);
test(refuses, '512', /unit/);
test(refuses, '0', /unit/);
test(refuses, '0GB', /zero/);
test(refuses, '0.0001KB', /zero/);
test(refuses, 'everything', /not a size/);
test(refuses, 'MB', /not a size/);
test(refuses, '1,5GB', /not a size/);
test(refuses, '5iB', /not a size/);
test(refuses, '1EB', /not a size/);
test(refuses, '50%', /not a size/);
test(refuses, '9000000P', /larger/);
test(refuses, `${'9'.repeat(400)}B`, /larger/);
