import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { addWorktree, ageWorktree, commitFile } from './git.ts';
import { msAgo, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { worktreeMetadata, type MetadataSpec } from './metadata-artefact.ts';
import { setTimes } from './write-tree.ts';

export type WorktreeSpec = {
  /** Path of the repository that owns it. */
  readonly repository: string;
  /** First level below `worktrees`; the repository's basename unless told. */
  readonly container?: string;
  readonly id: string;
  readonly createdAgo: string;
  /** When it was last worked on: time of its commits and of everything in it. As created unless told. */
  readonly lastAgo?: string;
  /** Starting point; HEAD of the repository unless told. */
  readonly from?: string;
  /** Files that are committed on its branch, each in a commit of its own. */
  readonly commits?: Readonly<Record<string, string>>;
  /** Files that are only written: untracked, ignored or changed, as git sees them. */
  readonly files?: Readonly<Record<string, string>>;
  /** So many small files in `node_modules`. */
  readonly modules?: number;
  /** Laid over the metadata; `false` writes none. */
  readonly metadata?: Partial<MetadataSpec> | false;
};

/** A real worktree with its branch `prodigy-<id>` and its metadata, everything as old as it should be. Answers its path. */
export async function sessionWorktree(home: ProdigyHome, spec: WorktreeSpec): Promise<string> {
  const container = spec.container ?? basename(spec.repository);
  const path = join(home.root, 'worktrees', container, spec.id);
  const createdAtMs = msAgo(home, spec.createdAgo);
  const lastAtMs = msAgo(home, spec.lastAgo ?? spec.createdAgo);
  if (spec.metadata === false) {
    await writeAged(join(home.root, 'worktrees', container, '.gitignore'), '.metadata/\n', createdAtMs);
  }
  await addWorktree(spec.repository, path, `prodigy-${spec.id}`, {
    atMs: createdAtMs,
    ...(spec.from === undefined ? {} : { from: spec.from }),
  });
  for (const [file, content] of Object.entries(spec.commits ?? {})) {
    await commitFile(path, file, content, { atMs: lastAtMs });
  }
  for (const [file, content] of Object.entries(spec.files ?? {})) await writeFile(join(path, file), content);
  if (spec.modules !== undefined) await nodeModules(path, spec.modules);
  await ageWorktree(path, lastAtMs);
  if (spec.metadata !== false) {
    await worktreeMetadata(home, {
      repository: container,
      id: spec.id,
      createdAgo: spec.createdAgo,
      ...spec.metadata,
    });
  }
  return path;
}

export type PoolSpec = {
  /** Path of the main repository. */
  readonly repository: string;
  readonly session: string;
  readonly job: string;
  readonly ago: string;
  /** The agents that leaked, by number; the others of the job have been cleaned. */
  readonly agents: readonly {
    readonly agent: number;
    readonly commits?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
  }[];
};

/** `worktrees/<session>/`: the agent pool of a MapReduce session, with what leaked. Answers the agents' paths. */
export async function agentPool(home: ProdigyHome, spec: PoolSpec): Promise<readonly string[]> {
  const container = join(home.root, 'worktrees', spec.session);
  await mkdir(join(container, '.metadata'), { recursive: true });
  await writeAged(join(container, '.gitignore'), '.metadata/\n', msAgo(home, spec.ago));
  const paths: string[] = [];
  for (const { agent, commits, files } of spec.agents) {
    paths.push(
      await sessionWorktree(home, {
        repository: spec.repository,
        container: spec.session,
        id: `mapreduce-agent-${spec.job}_agent_${agent}`,
        createdAgo: spec.ago,
        from: `prodigy-${spec.session}`,
        ...(commits === undefined ? {} : { commits }),
        ...(files === undefined ? {} : { files }),
        metadata: { originalBranch: `prodigy-${spec.session}` },
      }),
    );
  }
  // Their times are evidence of activity.
  await setTimes(join(container, '.metadata'), msAgo(home, spec.ago));
  await setTimes(container, msAgo(home, spec.ago));
  return paths;
}

/** Dependencies as npm leaves them: `count` files of a few kilobytes, ten to a package. */
async function nodeModules(worktree: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const directory = join(worktree, 'node_modules', `package-${Math.floor(index / 10)}`);
    if (index % 10 === 0) await mkdir(directory, { recursive: true });
    await writeFile(
      join(directory, `module-${index % 10}.js`),
      `// module ${index}\n`.repeat(50 + (index % 7) * 40),
    );
  }
}
