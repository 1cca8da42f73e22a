import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { aged } from '../helpers/write-tree.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { runProdigy } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** Writes down each package that a module is loaded of, and each process that is started. */
function tells(t: ExecutionContext): {
  readonly env: { readonly NODE_OPTIONS: string };
  readonly told: () => ReadonlySet<string>;
} {
  const directory = temporaryDirectory(t);
  const [script, file] = [join(directory, 'tells.cjs'), join(directory, 'told')];
  writeFileSync(file, '');
  const hook = `import { appendFileSync } from 'node:fs';
    export const load = (url, context, next) => (appendFileSync(${JSON.stringify(file)}, url + '\\n'), next(url, context));`;
  writeFileSync(
    script,
    `const { appendFileSync } = require('node:fs');
    const { register, _cache } = require('node:module');
    const say = (what) => appendFileSync(${JSON.stringify(file)}, what + '\\n');
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    process.on('exit', () => Object.keys(_cache).forEach(say));
    const { ChildProcess } = require('node:child_process');
    const start = ChildProcess.prototype.spawn;
    ChildProcess.prototype.spawn = function (options) {
      say('process ' + options.file);
      return start.call(this, options);
    };`,
  );
  const name = (line: string): string => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)?.[1] ?? line;
  return {
    env: { NODE_OPTIONS: `--require ${script}` },
    told: () => new Set(readFileSync(file, 'utf8').split('\n').map(name)),
  };
}

const reading = [['log'], ['why', 'nothing'], ['undo', '--list'], ['log', 'verify'], ['doctor'], ['resume']];
for (const words of reading) {
  test(`clean ${words.join(' ')} starts no process and loads neither winston nor execa nor chrono`, async (t) => {
    const home = await prodigyHome(t, { 'logs/app/old.json': aged('90d') });
    await runProdigy(home, ['clean', '--all-repos']);
    const { env, told } = tells(t);
    await runProdigy(home, ['clean', ...words], { env });
    const seen = [...told()];
    t.true(seen.includes('neverthrow'), seen.join(' '));
    t.deepEqual(
      seen.filter((name) => /^(?:process .*|winston|execa|chrono-node)$/.test(name)),
      [],
    );
  });
}

test('an overview of a storage without worktrees starts no process, and loads nothing that starts one', async (t) => {
  const home = await prodigyHome(t, { 'logs/app/old.json': aged('90d') });
  const { env, told } = tells(t);
  const ran = await runProdigy(home, ['clean', '--all-repos'], { env });
  t.is(ran.exitCode, 0, ran.stderr);
  const seen = [...told()];
  t.true(seen.includes('winston'), seen.join(' '));
  t.deepEqual(
    seen.filter((name) => /^(?:process .*|execa|chrono-node)$/.test(name)),
    [],
  );
});
