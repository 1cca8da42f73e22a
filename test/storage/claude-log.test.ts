import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { workingDirectoryOfLog } from '../../src/storage/claude-log.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const tells = test.macro({
  async exec(t, _what: string, content: string, expected: string | undefined) {
    const path = join(temporaryDirectory(t), 'a.jsonl');
    await writeFile(path, content);
    t.is(workingDirectoryOfLog(path), expected);
  },
  title: (_: string | undefined, what: string, _content: string, expected: string | undefined) =>
    `${what} tells ${expected ?? 'nothing'}`,
});

const init = '{"type":"system","subtype":"init","cwd":"/home/u/w \\"x\\""';
test(tells, 'the first object', `${init},"tools":[]}\n{"type":"assistant"}\n`, '/home/u/w "x"');
test(
  tells,
  'a first line longer than what is read',
  `${init},"tools":["${'x'.repeat(100_000)}"]}`,
  '/home/u/w "x"',
);
const late = `{"type":"system","tools":["${'x'.repeat(9_000)}"],"cwd":"/home/u/w"}\n`;
test(tells, 'a directory that comes late', late, '/home/u/w');
test(tells, 'plain text before the object', `starting\n${init}}\n`, '/home/u/w "x"');
test(tells, 'a directory that only a command printed', '{"type":"user","cwd":"/etc"}\n', undefined);
test(tells, 'a relative directory', '{"type":"system","cwd":"w"}\n', undefined);
test(tells, 'an empty log', '', undefined);
