import { join, sep } from 'node:path';
import type { Identity } from '../model/item.ts';
import type { Witness } from '../model/owner.ts';
import { addTo } from '../model/groups.ts';
import { isPlainId } from './names.ts';
import { see } from './see.ts';
import type { Storage } from './storage.ts';

/** The files that would show that an owner came to life, as they are now: present or absent. */
export type Witnesses = {
  /** @param repository - by name, as {@link Storage.repositories} knows it */
  ofSession(id: string, repository: string | undefined): Witness[];
  ofJob(job: string): Witness[];
};

/** Keeps nothing of the survey but what it needs: it is asked as long as a run lasts. */
export function witnesses({ survey }: Storage): Witnesses {
  const present = new Map<string, Identity>();
  const all = [survey.sessions, survey.checkpoints, survey.metadata, survey.locks, survey.jobs] as const;
  for (const { path, seen } of all.flat()) present.set(path, seen.identity);
  const merges = new Map<string, string[]>();
  for (const { folder } of survey.checkpoints) {
    for (const { session, path } of folder.merges) {
      addTo(merges, session, path);
      const found = see(path).unwrapOr(undefined);
      if (found !== undefined) present.set(path, found.identity);
    }
  }
  const metadata = new Map<string, string[]>();
  for (const { name, path } of survey.metadata) addTo(metadata, name, path);
  const holders = new Map<string, { root: string; holder: string }[]>();
  for (const { name, root, holder } of survey.worktrees) addTo(holders, name, { root, holder });
  const jobs = new Map<string, string[]>();
  for (const { job, path } of survey.jobs) addTo(jobs, job, path);

  // Joined once and not for each of ten thousand sessions.
  const roots = survey.roots.map((root) => ({
    sessions: join(root, 'sessions') + sep,
    state: join(root, 'state') + sep,
    locks: join(root, 'resume_locks') + sep,
    worktrees: join(root, 'worktrees') + sep,
  }));
  const look = (paths: Iterable<string>): Witness[] =>
    [...new Set(paths)].map((path) => ({ path, identity: present.get(path) }));

  return {
    ofSession(id, name) {
      // What is read from files leads nowhere but to names below a root.
      const repository = name !== undefined && isPlainId(name) ? name : undefined;
      const derivable = isPlainId(id) ? roots : [];
      const paths = derivable.flatMap((root) => [
        `${root.sessions}${id}.json`,
        `${root.state}${id}${sep}checkpoints`,
        `${root.locks}${id}.lock`,
        ...(repository === undefined
          ? []
          : [
              `${root.worktrees}${repository}${sep}.metadata${sep}${id}.json`,
              `${root.state}${repository}${sep}checkpoints${sep}merge-workflow-${id}.checkpoint.json`,
            ]),
      ]);
      const own = (holders.get(id) ?? []).map(({ root, holder }) =>
        join(root, 'worktrees', holder, '.metadata', `${id}.json`),
      );
      return look([...paths, ...own, ...(metadata.get(id) ?? []), ...(merges.get(id) ?? [])]);
    },
    ofJob(job) {
      const locks = (isPlainId(job) ? roots : []).map((root) => `${root.locks}${job}.lock`);
      return look([...locks, ...(jobs.get(job) ?? [])]);
    },
  };
}
