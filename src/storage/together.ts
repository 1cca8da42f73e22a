import { setImmediate as gather } from 'node:timers/promises';
import { lull } from './git.ts';

type Waiting<Question, Answer> = {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: unknown) => void;
};

/**
 * Turns a question that can be answered for many at once into one that each asks for itself: whoever asks while an
 * answer is being found waits, and is answered with all others who waited; and they wait for those whom git still tells
 * what they need to ask. Nothing is remembered: what an answer rests on was read after it was asked for, so it is as
 * fresh as if it had been asked alone.
 *
 * @param askAll - answers in the order of the questions
 */
export function together<Question, Answer>(
  askAll: (about: string, questions: readonly Question[]) => Promise<readonly Answer[]>,
): (about: string, question: Question) => Promise<Answer> {
  const queues = new Map<string, Waiting<Question, Answer>[]>();

  async function serve(about: string): Promise<void> {
    for (;;) {
      await gather();
      await lull();
      const batch = queues.get(about) ?? [];
      if (batch.length === 0) break;
      queues.set(about, []);
      try {
        const answers = await askAll(
          about,
          batch.map(({ question }) => question),
        );
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    queues.delete(about);
  }

  return (about, question) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(about);
      if (queue !== undefined) {
        queue.push({ question, resolve, reject });
        return;
      }
      queues.set(about, [{ question, resolve, reject }]);
      void serve(about);
    });
}
