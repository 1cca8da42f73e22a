// Makes a fresh clone ready: installs what package-lock.json names when node_modules does not hold it yet, and,
// with --build, compiles. Needs nothing but Node and npm; does nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = dirname(dirname(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: prodigy-clean needs Node 20.19 or newer.`);
  process.exit(1);
}

function run(command, args) {
  const done = spawnSync(command, args, { cwd: top, stdio: 'inherit', shell: process.platform === 'win32' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

const stamp = join(top, 'node_modules', '.installed-from');
const lock = createHash('sha256')
  .update(readFileSync(join(top, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  // Not `npm ci`: it refuses a lock file that does not list the optional binaries of every other platform.
  run('npm', ['install', '--no-audit', '--no-fund', '--no-save']);
  writeFileSync(stamp, lock);
}
if (process.argv.includes('--build')) run('npm', ['run', '--silent', 'build']);
