/** The line at the bottom of a terminal that is drawn again and again. */
export type LiveLine = {
  readonly draw: (text: string) => void;
  /** Takes it away, so that other text can come in its place; `false`: there was none. */
  readonly erase: () => boolean;
};

/**
 * A window that was made narrower has broken the line into rows by itself, and the cursor is at the end of the last:
 * all of them go, or each new size would leave one behind.
 *
 * @param columns - of the terminal as it is now
 */
export function liveLine(write: (text: string) => void, columns: () => number): LiveLine {
  let shown = '';
  let width = 0;

  function wiped(): string {
    const up = Math.max(0, Math.ceil(shown.length / Math.max(1, columns())) - 1);
    return shown === '' ? '' : `\r${up === 0 ? '' : `\u001b[${up}A`}\u001b[J`;
  }

  return {
    draw: (text) => {
      // In the last column the cursor would be anywhere.
      const cut = text.slice(0, Math.max(1, columns() - 1));
      if (cut === shown && width === columns()) return;
      write(`${wiped()}${cut}`);
      shown = cut;
      width = columns();
    },
    erase: () => {
      if (shown === '') return false;
      write(wiped());
      shown = '';
      return true;
    },
  };
}
