/** What stands before the cursor of a bash, taken apart without evaluating anything of it. */
export type CommandLine = {
  /** Unquoted; the last one is at the cursor, and may be empty. */
  readonly words: readonly string[];
  /** How much of the last word stays: bash replaces only what is after a colon, an equals sign or a quote. */
  readonly kept: number;
  /** The quote that is open at the cursor. */
  readonly quote: '' | '"' | "'";
};

type Word = { text: string; kept: number };

/** @param breaks - `COMP_WORDBREAKS` */
export function parseCommandLine(line: string, breaks: string): CommandLine {
  const words: Word[] = [{ text: '', kept: 0 }];
  let word = words[0] as Word;
  let quote: CommandLine['quote'] = '';
  let isEmpty = true;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (quote === '' && /[ \t\n]/.test(character)) {
      if (!isEmpty) words.push((word = { text: '', kept: 0 }));
      isEmpty = true;
      continue;
    }
    isEmpty = false;
    if (quote === character && (character === '"' || character === "'")) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      word.kept = word.text.length;
    } else if (character === '\\' && quote !== "'") {
      const next = line[at + 1] ?? '';
      at += 1;
      word.text += quote === '"' && !/["$`\\]/.test(next) ? `\\${next}` : next;
    } else {
      word.text += character;
      if (quote === '' && breaks.includes(character)) word.kept = word.text.length;
    }
  }
  return { words: words.map(({ text }) => text), kept: word.kept, quote };
}

/**
 * A value as bash is to insert it in place of the word at the cursor: whatever is in it, the shell reads the very text
 * again and runs nothing of it.
 *
 * @returns `undefined` when it cannot be written within the open quote, or not at all
 */
export function bashReply(value: string, { kept, quote }: CommandLine): string | undefined {
  const rest = value.slice(kept);
  if (/\p{Cc}/u.test(value)) return undefined;
  if (quote === "'") return rest.includes("'") ? undefined : rest;
  // Within double quotes nothing keeps an interactive shell from replacing what an exclamation mark begins.
  if (quote === '"') return rest.includes('!') ? undefined : rest.replace(/["$`\\]/g, '\\$&');
  return rest.replace(/[^\p{L}\p{M}\p{N}_./:@%+,=-]/gu, '\\$&');
}
