import { createInterface } from 'node:readline/promises';

export type Answer = 'yes' | 'answer' | 'end-of-input' | 'timeout';

/**
 * Asks once on stderr, default no. `word`: what must be typed; `undefined` takes `y` or `yes`.
 * Everything but consent is a no: another answer, the end of input, no answer in time.
 *
 * @param timeoutMs - others wait for the lock that is held meanwhile
 */
export async function ask(
  question: string,
  word: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  lines.once('close', () => ended.abort());
  // On a terminal readline takes Ctrl-C for itself: it shall end the run, not be an answer.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answer = await lines.question(question, {
      signal: AbortSignal.any([timeout, ended.signal, signal]),
    });
    const typed = answer.trim().toLowerCase();
    const isYes = word === undefined ? typed === 'y' || typed === 'yes' : typed === word;
    return isYes ? 'yes' : 'answer';
  } catch {
    return timeout.aborted ? 'timeout' : 'end-of-input';
  } finally {
    lines.close();
  }
}
