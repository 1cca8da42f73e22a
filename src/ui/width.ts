import stringWidth from 'fast-string-width';

/** One column a character: the expensive measure is for the others. */
const isPlain = /^[\x20-\x7e]*$/;

/** Columns that a text takes on a terminal: a wide character two, a colour none. */
export function widthOf(text: string): number {
  return isPlain.test(text) ? text.length : stringWidth(text);
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Stands for a space where none may become the end of a line: no text that is shown has it. */
const mark = '\u0000';

/** A command inside a sentence, to be copied whole. */
export function unbroken(command: string): string {
  return command.replaceAll(' ', mark);
}

/** Every space but the one after a number, a date or a time. */
const betweenWords = /(?<!(?:^|[\s(])[\d.,:-]+) /;

/**
 * A sentence in lines of at most `width` columns: `first` stands before the first, `hanging` before the others. A
 * number is never parted from the word after it (`3.4 MB`, `26 unattributed`), and a word that is too long stays
 * whole: a path can be copied.
 */
export function wrapped(
  text: string,
  width: number,
  first: string = '',
  hanging: string = first,
): readonly string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const part of text.split(betweenWords)) {
    const word = part.replaceAll(mark, ' ');
    const longer = line === undefined ? first + word : `${line} ${word}`;
    if (line !== undefined && widthOf(longer) > width) {
      lines.push(line);
      line = hanging + word;
    } else {
      line = longer;
    }
  }
  return line === undefined ? lines : [...lines, line];
}
