import test from 'ava';
import { csvRecord } from '../../src/ui/csv.ts';

test('commas and quotes are quoted, and nothing in a field ends its record (RFC 4180)', (t) => {
  t.is(csvRecord([1, undefined, 'plain', 'a,b', 'say "x"']), '1,,plain,"a,b","say ""x"""\r\n');
  t.is(csvRecord(['line\r\nforged', '\u001b[2J', ' edge ']), 'line\\x0d\\x0aforged,\\x1b[2J," edge "\r\n');
});
