import { lstat, opendir, realpath } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { errorCode, isNameable } from './see.ts';

/**
 * Names of ignored files that nobody can make again from the repository: `*` stands for anything, case does not
 * count. This is the one list (DESIGN 5.5).
 */
const preciousPatterns: readonly string[] = [
  // Settings with secrets in them
  '.env* *.env .envrc credentials* *credentials.json secret* *.secret *.secrets .netrc _netrc .npmrc',
  '.yarnrc* .pypirc .pgpass .my.cnf .htpasswd .git-credentials .dockercfg .dockerconfigjson auth.json',
  'service-account* serviceaccount* service_account* token tokens token.* tokens.* .vault-token',
  'vault.yml vault.yaml master.key kubeconfig* *.kubeconfig *.ovpn *.mobileprovision',
  'google-services.json',
  // Keys and certificates
  '*.pem *.key id_rsa* id_dsa* id_ecdsa* id_ed25519* *.p8 *.p12 *.pfx *.ppk *.jks *.keystore *.kdbx',
  '*.gpg *.pgp *.asc *.age *.crt *.cer',
  // Local data
  '*.sqlite* *.db *.db-* *.db3 *.mdb *.accdb *.duckdb *.realm *.rdb *.sql *.sql.* *.dump *.bak',
  '*.backup *.parquet',
  // State of the world outside
  '*.tfstate* *.tfvars* pulumi.*.yaml',
  // One person's own settings and notes
  '*.local *.local.* local.settings.json local_settings.py local.properties *.override.yml',
  '*.override.yaml notes* todo* scratch* *.ipynb *.patch *.diff',
].flatMap((line) => line.split(' '));

/** Directories of this name hold what is precious, whatever the names inside. */
const preciousDirectories =
  /^(?:\.ssh|\.gnupg|\.aws|\.kube|\.azure|secrets?|credentials|\.secrets?|private[-_]keys?)$/iu;

/** Names of ignored directories whose contents a build, an installation or a tool makes again. */
const regenerableNames: ReadonlySet<string> = new Set(
  [
    'node_modules bower_components jspm_packages .pnpm-store .yarn .npm vendor target dist build out',
    'bin obj _build deps cmake-build-debug cmake-build-release .build deriveddata pods',
    'carthage .gradle .m2 .ivy2 .bloop .metals .stack-work dist-newstyle .cabal-sandbox elm-stuff',
    '.dart_tool .pub-cache venv .venv virtualenv __pycache__ .tox .nox .eggs .mypy_cache .pytest_cache',
    '.ruff_cache .hypothesis htmlcov .ipynb_checkpoints site-packages __pypackages__ .next .nuxt',
    '.output .svelte-kit .astro .angular .parcel-cache .vite .turbo .nx .rollup.cache .docusaurus',
    '.vuepress .expo .serverless .webpack .eslintcache .swc .cache .ccache .sass-cache .phpunit.cache',
    '.bundle .terraform .direnv .zig-cache zig-cache zig-out .nyc_output coverage .coverage bazel-bin',
    'bazel-out bazel-testlogs',
  ].flatMap((line) => line.split(' ')),
);

/** Files by which a directory says that a tool made it and can make it again. */
const regenerableMarks: ReadonlySet<string> = new Set(['pyvenv.cfg', 'CACHEDIR.TAG']);

const escaped = (text: string): string => text.replace(/[.+^${}()|[\]\\]/gu, String.raw`\$&`);
const toSource = (pattern: string): string => pattern.split('*').map(escaped).join('.*');
const precious = new RegExp(`^(?:${preciousPatterns.map(toSource).join('|')})$`, 'isu');
const harmless =
  /(?:[._-](?:example|sample|template|tmpl|tpl|dist|default|defaults|schema)(?:\.[a-z0-9]+)?|^(?:example|sample|template)\..*|^thumbs\.db)$/iu;

/** By the last part of a path only. */
export function isPreciousName(name: string): boolean {
  return precious.test(name) && !harmless.test(name);
}

export function isRegenerableName(name: string): boolean {
  return regenerableNames.has(name.toLowerCase());
}

export type PreciousFound = {
  /** Relative to the worktree, with `/`; at most 20. What could not be checked is among them and says so. */
  readonly precious: readonly string[];
  /** Directories, relative to the worktree, in which a `.git` was met. */
  readonly nested: readonly string[];
};

const maxPrecious = 20;
const maxEntries = 20_000;
const maxDepth = 64;

/**
 * Looks for precious files among what git ignores. What a link leads to is not lost, unless git ignores it as well:
 * then its name may say less than that of the link.
 *
 * @param ignored - as `git status` tells it: relative, directories with a `/` at the end
 */
export async function findPrecious(worktree: string, ignored: readonly string[]): Promise<PreciousFound> {
  const found: Findings = { ignored, precious: [], nested: [], entries: 0 };
  for (const path of ignored) {
    if (found.precious.length >= maxPrecious) break;
    if (isInPreciousDirectory(path)) await addWhole(worktree, path, found);
    else if (path.endsWith('/')) await walk(worktree, path.slice(0, -1), found, 0);
    else if (isPreciousName(posix.basename(path))) await addIfOwn(worktree, path, found);
  }
  return { precious: found.precious.slice(0, maxPrecious), nested: found.nested };
}

/**
 * Of a directory that git ignores by what is in it, `secrets/*` or a `.gitignore` of its own, git tells the contents one
 * by one, and never the directory itself.
 */
function isInPreciousDirectory(path: string): boolean {
  return posix
    .dirname(path)
    .split('/')
    .some((name) => preciousDirectories.test(name));
}

/** Whatever it is, and whatever it is called. */
async function addWhole(worktree: string, path: string, found: Findings): Promise<void> {
  if (!path.endsWith('/')) return addIfOwn(worktree, path, found);
  const directory = path.slice(0, -1);
  if (!isNameable(directory)) return doubt(directory, 'its name is not UTF-8', found);
  const entries = await entriesOf(worktree, directory, found);
  if (entries !== undefined && entries.length > 0) found.precious.push(path);
}

type Findings = {
  readonly ignored: readonly string[];
  readonly precious: string[];
  readonly nested: string[];
  entries: number;
};

async function walk(worktree: string, directory: string, found: Findings, depth: number): Promise<void> {
  const name = posix.basename(directory);
  if (isRegenerableName(name) || found.precious.length >= maxPrecious) return;
  if (!isNameable(directory)) return doubt(directory, 'its name is not UTF-8', found);
  if (depth > maxDepth) return doubt(directory, 'too deep to check', found);
  const entries = await entriesOf(worktree, directory, found);
  if (entries === undefined || entries.some((entry) => regenerableMarks.has(entry.name))) return;
  if (entries.length > 0 && preciousDirectories.test(name)) {
    found.precious.push(`${directory}/`);
    return;
  }
  if (['HEAD', 'objects', 'refs'].every((name) => entries.some((entry) => entry.name === name))) {
    return doubt(directory, 'a bare repository', found);
  }
  if (entries.some((entry) => entry.name === '.git')) found.nested.push(directory);
  for (const entry of entries) {
    if (entry.name === '.git') continue;
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) await walk(worktree, path, found, depth + 1);
    else if (isPreciousName(entry.name)) await addIfOwn(worktree, path, found);
    if (found.precious.length >= maxPrecious) return;
  }
}

type Entry = { readonly name: string; readonly isDirectory: boolean };

async function entriesOf(
  worktree: string,
  directory: string,
  found: Findings,
): Promise<readonly Entry[] | undefined> {
  try {
    const path = join(worktree, directory);
    // An ignored name that ends in `/` is a directory for git, but may have been changed since.
    if (!(await lstat(path)).isDirectory()) return undefined;
    const entries: Entry[] = [];
    for await (const entry of await opendir(path)) {
      found.entries += 1;
      if (found.entries > maxEntries) {
        doubt(directory, 'too many to check', found);
        return undefined;
      }
      entries.push({ name: entry.name, isDirectory: entry.isDirectory() });
    }
    return entries;
  } catch (cause) {
    if (isGone(cause)) return undefined;
    doubt(directory, 'cannot be read', found);
    return undefined;
  }
}

async function addIfOwn(worktree: string, path: string, found: Findings): Promise<void> {
  const stats = await lstat(join(worktree, path)).catch((cause: unknown) =>
    isGone(cause) ? undefined : null,
  );
  if (stats === undefined && isNameable(path)) return;
  const precious = stats?.isSymbolicLink() === true ? await ignoredTarget(worktree, path, found) : path;
  if (precious !== undefined && !found.precious.includes(precious)) found.precious.push(precious);
}

/** Where a link leads to, if git ignores that, too; the link itself when it cannot be told. */
async function ignoredTarget(
  worktree: string,
  link: string,
  { ignored }: Findings,
): Promise<string | undefined> {
  try {
    const full = await realpath(join(worktree, link));
    const target = relative(await realpath(worktree), full)
      .split(sep)
      .join('/');
    const isIgnored = ignored.some(
      (one) => one === target || (one.endsWith('/') && `${target}/`.startsWith(one)),
    );
    if (!isIgnored) return undefined;
    return (await lstat(full)).isDirectory() ? `${target}/` : target;
  } catch (cause) {
    const code = errorCode(cause);
    return code === 'ENOENT' || code === 'ELOOP' ? undefined : link;
  }
}

function isGone(cause: unknown): boolean {
  return errorCode(cause) === 'ENOENT';
}

function doubt(directory: string, why: string, found: Findings): void {
  found.precious.push(`${directory}/ (${why})`);
}
