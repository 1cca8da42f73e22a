import { hash } from 'node:crypto';
import { join } from 'node:path';
import { ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';
import type { Doubt } from '../model/reason.ts';
import { versionOfFile } from './file-version.ts';
import { runGit } from './git.ts';
import { together } from './together.ts';

/** Kept for undo, which ends: nothing that is asked about a history rests on these. */
const ownRefs = 'refs/prodigy-clean/';

/**
 * How a repository stands: two equal answers mean that every ref is where it was. With the same refs, the same commits
 * are reached from them: replaced and grafted parents do not count (see `runGit`), a shallow boundary does.
 */
const standingOf: (mainGitDir: string, asked: undefined) => Promise<Result<string, GitFailure>> = together(
  async (gitDir, questions) => {
    const answer = await askStanding(gitDir);
    return questions.map(() => answer);
  },
);

async function askStanding(gitDir: string): Promise<Result<string, GitFailure>> {
  const shallow = (await versionOfFile(join(gitDir, 'shallow'))) ?? 'whole';
  const format = '--format=%(refname) %(symref) %(objectname)';
  const listed = await runGit(['for-each-ref', format], { gitDir, complete: true });
  return listed.map((text) => {
    const refs = text.split('\n').filter((line) => !line.startsWith(ownRefs));
    return hash('sha256', [shallow, ...refs].join('\n'), 'hex');
  });
}

type Memory<Answer> = { readonly standing: string; readonly answers: Map<string, Answer> };

/**
 * Asks a question about the history of a repository only once while the repository stands as it stood. How it stands is
 * asked each time, which is one question instead of several: each answer is as fresh as if it had been asked anew.
 * Doubts are not remembered.
 *
 * @param keyOf - two questions with the same key have the same answer
 * @param orKeysOf - questions whose answers serve as well
 */
export function whileStanding<Question, Answer>(
  ask: (mainGitDir: string, question: Question) => Promise<Result<Answer, Doubt>>,
  keyOf: (question: Question) => string,
  orKeysOf: (question: Question) => readonly string[] = () => [],
): (mainGitDir: string, question: Question) => Promise<Result<Answer, Doubt>> {
  const memories = new Map<string, Memory<Answer>>();

  return async (mainGitDir, question) => {
    const key = keyOf(question);
    const standing = await standingOf(mainGitDir, undefined);
    if (standing.isErr()) return ask(mainGitDir, question);
    const known = memories.get(mainGitDir);
    if (known?.standing === standing.value) {
      for (const one of [key, ...orKeysOf(question)]) {
        const answer = known.answers.get(one);
        if (answer !== undefined) return ok(answer);
      }
    }
    const answer = await ask(mainGitDir, question);
    if (answer.isErr()) return answer;
    // A ref that came meanwhile may be why the answer is what it is, and may go again.
    const after = await standingOf(mainGitDir, undefined);
    if (after.isErr() || after.value !== standing.value) return answer;
    const memory = memories.get(mainGitDir);
    if (memory?.standing === standing.value) memory.answers.set(key, answer.value);
    else memories.set(mainGitDir, { standing: standing.value, answers: new Map([[key, answer.value]]) });
    return answer;
  };
}
