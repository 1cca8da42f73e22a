import { hash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';
import type { Doubt } from '../model/reason.ts';
import { versionOfFile } from './file-version.ts';
import { runGit } from './git.ts';
import { together } from './together.ts';

/** What a ref leads to; for a symbolic one (`origin/HEAD`) also the full name of what it stands for, else empty. */
export type Ref = { readonly name: string; readonly symref: string; readonly object: string };

/** How a repository stands. */
export type Standing = {
  /** Two that are equal say that every ref is where it was. `undefined` when that cannot be told of later. */
  readonly id: string | undefined;
  readonly refs: readonly Ref[];
};

/** Kept for undo, which ends: nothing that is asked about a history rests on these. */
const ownRefs = 'refs/prodigy-clean/';

const standingOf: (mainGitDir: string, asked: undefined) => Promise<Result<Standing, GitFailure>> = together(
  async (gitDir, questions) => {
    const answer = await askStanding(gitDir);
    return questions.map(() => answer);
  },
);

async function askStanding(gitDir: string): Promise<Result<Standing, GitFailure>> {
  const boundary = await boundaryOf(gitDir);
  const format = '--format=%(refname) %(symref) %(objectname)';
  const listed = await runGit(['for-each-ref', format], { gitDir, complete: true });
  return listed.map((text) => {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(ownRefs));
    const refs = lines.map((line) => {
      const [name = '', symref = '', object = ''] = line.split(' ');
      return { name, symref, object };
    });
    const id = boundary === undefined ? undefined : hash('sha256', [boundary, ...lines].join('\n'), 'hex');
    return { id, refs };
  });
}

/** Where the history is cut off, with the same refs another one: replaced and grafted parents do not count (`runGit`). */
async function boundaryOf(gitDir: string): Promise<string | undefined> {
  const path = join(gitDir, 'shallow');
  const isThere = await lstat(path).then(
    () => true,
    (cause: unknown) => !(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'),
  );
  return isThere ? versionOfFile(path) : 'whole';
}

/** An answer, and whether it is the same as long as no ref moves. */
export type Found<Answer> = { readonly answer: Answer; readonly lasts: boolean };

/**
 * Asks a question about the history of a repository only once while the repository stands as it stood. How it stands is
 * asked each time, which is one question instead of several, and answers rest on the refs that were listed then, not on
 * those that come and go while git is asked: each is as fresh as if it had been asked anew. Doubts are not remembered.
 * Those who ask at the same time share the answer.
 *
 * @param askAll - answers in the order of the questions; without a standing, which could not be told, by what git finds
 * @param keysOf - two questions with the same first key have the same answer; those of the further keys serve as well
 */
export function whileStanding<Question, Answer>(
  askAll: (
    mainGitDir: string,
    questions: readonly Question[],
    standing: Standing | undefined,
  ) => Promise<readonly Result<Found<Answer>, Doubt>[]>,
  keysOf: (question: Question) => readonly [string, ...string[]],
): (mainGitDir: string, question: Question) => Promise<Result<Answer, Doubt>> {
  const memories = new Map<string, { readonly id: string; readonly answers: Map<string, Answer> }>();

  type Asked = { readonly question: Question; readonly standing: Standing | undefined };
  const ask = together(async (gitDir, asked: readonly Asked[]) => {
    const answers: Result<Found<Answer>, Doubt>[] = [];
    for (const standing of new Set(asked.map((one) => one.standing))) {
      const indices = [...asked.keys()].filter((index) => asked[index]?.standing === standing);
      const questions = indices.flatMap((index) => asked[index]?.question ?? []);
      const found = await askAll(gitDir, questions, standing);
      for (const [at, index] of indices.entries()) answers[index] = found[at] as Result<Found<Answer>, Doubt>;
    }
    return answers;
  });

  return async (mainGitDir, question) => {
    const standing = (await standingOf(mainGitDir, undefined)).unwrapOr(undefined);
    const id = standing?.id;
    const keys = keysOf(question);
    const known = memories.get(mainGitDir);
    if (known !== undefined && known.id === id) {
      for (const key of keys) {
        const answer = known.answers.get(key);
        if (answer !== undefined) return ok(answer);
      }
    }
    const found = await ask(mainGitDir, { question, standing });
    if (found.isErr()) return found.map(({ answer }) => answer);
    const { answer, lasts } = found.value;
    if (!lasts || id === undefined) return ok(answer);
    const memory = memories.get(mainGitDir);
    if (memory?.id === id) memory.answers.set(keys[0], answer);
    else memories.set(mainGitDir, { id, answers: new Map([[keys[0], answer]]) });
    return ok(answer);
  };
}
