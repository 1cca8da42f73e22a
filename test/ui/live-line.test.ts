import test from 'ava';
import { liveLine, type LiveLine } from '../../src/ui/live-line.ts';

function onColumns(columns: number): {
  line: LiveLine;
  sent: () => string;
  become: (columns: number) => void;
} {
  let now = columns;
  let sent = '';
  const line = liveLine(
    (text) => {
      sent += text;
    },
    () => now,
  );
  const take = (): string => {
    const taken = sent;
    sent = '';
    return taken;
  };
  return { line, sent: take, become: (next) => void (now = next) };
}

test('a line is drawn over the one before it, and not again when it is the same', (t) => {
  const { line, sent } = onColumns(80);
  line.draw('one');
  t.is(sent(), 'one');
  line.draw('one');
  t.is(sent(), '');
  line.draw('two');
  t.is(sent(), '\r\u001b[Jtwo');
});

test('it never reaches the last column', (t) => {
  const { line, sent } = onColumns(10);
  line.draw('0123456789abc');
  t.is(sent(), '012345678');
});

test('of a line that a narrower window has broken all rows are taken away', (t) => {
  const { line, sent, become } = onColumns(80);
  line.draw('x'.repeat(50));
  sent();
  become(20);
  line.draw('x'.repeat(50));
  t.is(sent(), `\r\u001b[2A\u001b[J${'x'.repeat(19)}`);
  become(80);
  t.true(line.erase());
  t.is(sent(), '\r\u001b[J');
});

test('it is erased once, and says whether there was one', (t) => {
  const { line, sent } = onColumns(80);
  t.false(line.erase());
  line.draw('one');
  sent();
  t.true(line.erase());
  t.is(sent(), '\r\u001b[J');
  t.false(line.erase());
  t.is(sent(), '');
});
