import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { durationMs } from '../helpers/duration.ts';
import { commitFile, git, gitAt, makeRepository } from '../helpers/git.ts';

/** The user's own directories: nothing in them is Prodigy's, nothing in them may ever change. */
export type Projects = {
  /** `src/shop`, the repository the demo stands in. */
  readonly shop: string;
  /** `src/api`, a second repository. */
  readonly api: string;
  /** `other/shop`: another checkout with the first one's name. */
  readonly otherShop: string;
  /** A directory that a link in the storage leads to. */
  readonly realProject: string;
};

/** Three repositories with some history, all of it months old, and a project without git. */
export async function makeProjects(directory: string, nowMs: number): Promise<Projects> {
  const projects: Projects = {
    shop: join(directory, 'src', 'shop'),
    api: join(directory, 'src', 'api'),
    otherShop: join(directory, 'other', 'shop'),
    realProject: join(directory, 'src', 'real-project'),
  };
  const startMs = nowMs - durationMs('200d');
  for (const repository of [projects.shop, projects.api, projects.otherShop]) {
    await makeRepository(repository);
    await commitFile(repository, '.gitignore', 'node_modules/\n.env\n', { atMs: startMs, message: 'Begin' });
    const files = {
      'README.md': '# Shop\n',
      'src/cart.ts': cart,
      'src/price.ts': price,
      'package.json': '{}\n',
    };
    let atMs = startMs;
    for (const [path, content] of Object.entries(files)) {
      atMs += durationMs('1d');
      await commitFile(repository, path, content, { atMs });
    }
    await mkdir(join(repository, 'workflows'));
    await commitFile(repository, 'workflows/implement.yml', '- claude: /implement\n- shell: npm test\n', {
      atMs,
    });
  }
  await mkdir(projects.realProject, { recursive: true });
  await writeFile(join(projects.realProject, 'thesis.md'), 'Three years of work.\n');
  await appendFile(join(projects.realProject, 'data.csv'), 'a,b\n1,2\n');
  return projects;
}

/** Merges a session's branch into main, as Prodigy does after a run. */
export async function mergeBranch(repository: string, branch: string, atMs: number): Promise<void> {
  await gitAt(atMs, repository, 'merge', '--quiet', '--no-ff', '-m', `Merge worktree ${branch}`, branch);
}

/** Brings a branch's content into main as one new commit that is no descendant of it. */
export async function squashBranch(repository: string, branch: string, atMs: number): Promise<void> {
  await gitAt(atMs, repository, 'merge', '--quiet', '--squash', branch);
  await gitAt(atMs, repository, 'commit', '--quiet', '-m', `Squashed ${branch}`);
}

/** Takes a worktree's HEAD off its branch: what is committed next, no branch reaches. */
export async function detach(worktree: string): Promise<void> {
  await git(worktree, 'checkout', '--quiet', '--detach');
}

const cart = 'export const total = (prices: number[]): number => prices.reduce((a, b) => a + b, 0);\n'.repeat(
  8,
);
const price = 'export const cents = (euros: number): number => Math.round(euros * 100);\n'.repeat(8);
