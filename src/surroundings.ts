/** A CI job or a coding agent that this process runs for: a name of ours, and an id that cannot be a secret. */
export type Surrounding = { readonly name: string; readonly id?: string };

type Sign = {
  readonly name: string;
  /** Set to anything but nothing, `false` and `0`, it tells; what it is set to is never kept. */
  readonly variable: string;
  readonly id?: { readonly variable: string; readonly looksLike: RegExp };
};

const digits = /^\d{1,20}$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** `jenkins-<job>-<number>`; a word longer than a name would be is none. */
const buildTag = /^(?=.{1,96}$)jenkins(?:[-_.%]+[A-Za-z0-9]{1,20})+-\d{1,9}$/;
const entrypoint =
  /^(?:cli|sdk-cli|sdk-ts|sdk-py|mcp|claude-vscode|claude-desktop|local-agent|remote|claude-code-github-action)$/;

const ciJobs: readonly Sign[] = [
  {
    name: 'github-actions',
    variable: 'GITHUB_ACTIONS',
    id: { variable: 'GITHUB_RUN_ID', looksLike: digits },
  },
  { name: 'gitlab-ci', variable: 'GITLAB_CI', id: { variable: 'CI_JOB_ID', looksLike: digits } },
  { name: 'jenkins', variable: 'JENKINS_URL', id: { variable: 'BUILD_TAG', looksLike: buildTag } },
  { name: 'buildkite', variable: 'BUILDKITE', id: { variable: 'BUILDKITE_BUILD_ID', looksLike: uuid } },
  { name: 'circleci', variable: 'CIRCLECI', id: { variable: 'CIRCLE_BUILD_NUM', looksLike: digits } },
  { name: 'travis-ci', variable: 'TRAVIS', id: { variable: 'TRAVIS_JOB_ID', looksLike: digits } },
  { name: 'azure-pipelines', variable: 'TF_BUILD', id: { variable: 'BUILD_BUILDID', looksLike: digits } },
  {
    name: 'bitbucket-pipelines',
    variable: 'BITBUCKET_BUILD_NUMBER',
    id: { variable: 'BITBUCKET_BUILD_NUMBER', looksLike: digits },
  },
  { name: 'drone', variable: 'DRONE', id: { variable: 'DRONE_BUILD_NUMBER', looksLike: digits } },
  { name: 'teamcity', variable: 'TEAMCITY_VERSION' },
  { name: 'ci', variable: 'CI' },
];

const agents: readonly Sign[] = [
  {
    name: 'claude-code',
    variable: 'CLAUDECODE',
    id: { variable: 'CLAUDE_CODE_ENTRYPOINT', looksLike: entrypoint },
  },
  { name: 'cursor', variable: 'CURSOR_AGENT' },
  { name: 'gemini-cli', variable: 'GEMINI_CLI' },
  { name: 'codex', variable: 'CODEX_SANDBOX' },
  { name: 'prodigy', variable: 'PRODIGY_AUTOMATION' },
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What can be told of who started this process, from a fixed list of variables and no other (P10). An id is kept only
 * when it has the form that its system gives it, so that a secret in the wrong variable goes nowhere.
 */
export function surroundingsOf(environment: Environment): {
  readonly ci?: Surrounding;
  readonly agent?: Surrounding;
} {
  const ci = firstOf(ciJobs, environment);
  const agent = firstOf(agents, environment);
  return { ...(ci === undefined ? {} : { ci }), ...(agent === undefined ? {} : { agent }) };
}

function firstOf(signs: readonly Sign[], environment: Environment): Surrounding | undefined {
  const sign = signs.find(({ variable }) => !['', 'false', '0'].includes(environment[variable] ?? ''));
  if (sign === undefined) return undefined;
  const id = sign.id === undefined ? undefined : environment[sign.id.variable];
  return id !== undefined && sign.id?.looksLike.test(id) === true
    ? { name: sign.name, id }
    : { name: sign.name };
}
