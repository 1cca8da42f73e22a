import test from 'ava';
import { surroundingsOf } from '../src/surroundings.ts';

test('a CI job and an agent are told by name and id', (t) => {
  const known: [Record<string, string>, unknown][] = [
    [{}, {}],
    [{ CI: 'false', GITHUB_ACTIONS: '', CLAUDECODE: '0' }, {}],
    [{ CI: 'true' }, { ci: { name: 'ci' } }],
    [
      { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '9876543210' },
      { ci: { name: 'github-actions', id: '9876543210' } },
    ],
    [{ GITLAB_CI: 'true', CI_JOB_ID: '77' }, { ci: { name: 'gitlab-ci', id: '77' } }],
    [
      { JENKINS_URL: 'https://jenkins.example/', BUILD_TAG: 'jenkins-nightly-clean-42' },
      { ci: { name: 'jenkins', id: 'jenkins-nightly-clean-42' } },
    ],
    [
      { BUILDKITE: 'true', BUILDKITE_BUILD_ID: '0190d1f2-aaaa-4bbb-8ccc-0123456789ab' },
      { ci: { name: 'buildkite', id: '0190d1f2-aaaa-4bbb-8ccc-0123456789ab' } },
    ],
    [{ CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli' }, { agent: { name: 'claude-code', id: 'cli' } }],
    [{ PRODIGY_AUTOMATION: 'true' }, { agent: { name: 'prodigy' } }],
  ];
  for (const [environment, told] of known) t.deepEqual(surroundingsOf(environment), told);
});

test('what does not look like an id is no id, whatever it is (P10)', (t) => {
  const secrets = [
    'sk-ant-api03-Zm9vYmFy',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'hunter2',
    '1'.repeat(40),
  ];
  for (const secret of secrets) {
    const told = surroundingsOf({
      GITHUB_ACTIONS: secret,
      GITHUB_RUN_ID: secret,
      CLAUDECODE: secret,
      CLAUDE_CODE_ENTRYPOINT: secret,
    });
    t.deepEqual(told, { ci: { name: 'github-actions' }, agent: { name: 'claude-code' } });
    const jenkins = { JENKINS_URL: secret, BUILD_TAG: `jenkins-${secret}-${'a1B2c3D4'.repeat(5)}-1` };
    t.deepEqual(surroundingsOf(jenkins), { ci: { name: 'jenkins' } });
    t.deepEqual(surroundingsOf({ BUILDKITE: '1', BUILDKITE_BUILD_ID: secret }), {
      ci: { name: 'buildkite' },
    });
  }
});
