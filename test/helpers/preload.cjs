// Loaded into the program under test by --require: faults at a point that nothing outside could hit.
//   KILL_AT=rename::quarantine   SIGKILL at the first rename whose arguments match, synchronous or not
//   KILL_AT=spawn::worktree,remove   SIGKILL before a child process whose arguments hold all of these words
//   KILL_AT=arguments::tree=.*quarantine   SIGKILL before a child process whose arguments, in one line, match
//   ENTER_AT=<path part>::<n>    before the n-th child process that runs there, another process goes to stand there
//   APPEND_AT=mkdir::quarantine  at the first such call, something is appended to the file APPEND_TO
//   SYNC_LOG=<file>              gets a line for each file or directory that is synced, and for each ref that is deleted
//   SHIFT_CLOCK=<ms>             the program's clock is off by so much
//   BOOT=<id>::<s>               the machine was started so many seconds ago, and that start has this name
'use strict';
const childProcess = require('node:child_process');
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const { KILL_AT, ENTER_AT, APPEND_AT, SYNC_LOG, SHIFT_CLOCK, BOOT } = process.env;

if (SHIFT_CLOCK !== undefined) {
  const now = Date.now;
  Date.now = () => now() + Number(SHIFT_CLOCK);
}

if (BOOT !== undefined) {
  const [id, seconds] = BOOT.split('::');
  require('node:os').uptime = () => Number(seconds);
  const read = fs.readFileSync;
  fs.readFileSync = (path, ...rest) =>
    path === '/proc/sys/kernel/random/boot_id' ? `${id}\n` : read(path, ...rest);
}

/** A path through an open directory by the name that the directory has. */
function named(path) {
  return String(path).replace(/^\/proc\/self\/fd\/\d+/, (through) => fs.readlinkSync(through));
}

const spawn = childProcess.spawn;
const [call, pattern] = (KILL_AT ?? '').split('::');
const [place, count] = (ENTER_AT ?? '').split('::');
let entered = 0;
// Whoever starts a process, by whatever means but the synchronous ones, comes by here.
const start = childProcess.ChildProcess.prototype.spawn;
childProcess.ChildProcess.prototype.spawn = function (options) {
  const { args } = options;
  if (call === 'spawn' && Array.isArray(args) && pattern.split(',').every((word) => args.includes(word))) {
    process.kill(process.pid, 'SIGKILL');
  }
  if (call === 'arguments' && new RegExp(pattern).test(args.join(' '))) process.kill(process.pid, 'SIGKILL');
  if (SYNC_LOG !== undefined && Array.isArray(args) && args.includes('update-ref') && args.includes('-d')) {
    fs.appendFileSync(SYNC_LOG, 'ref deleted\n');
  }
  if (ENTER_AT !== undefined && String(options?.cwd).includes(place)) {
    entered += 1;
    if (entered === Number(count)) {
      const stander = spawn('sleep', ['30'], { cwd: options.cwd, detached: true, stdio: 'ignore' });
      fs.appendFileSync(process.env.ENTERED_FILE, `${stander.pid}\n`);
      stander.unref();
      childProcess.execFileSync('sleep', ['0.2']);
    }
  }
  return start.call(this, options);
};

/** Puts `before` in front of a call of the file system, whether it is made through the thread pool or at once. */
function beforeEach(name, before) {
  for (const [owner, key] of [
    [fs.promises, name],
    [fs, `${name}Sync`],
  ]) {
    const original = owner[key];
    owner[key] = function (...args) {
      before(args);
      return original.apply(this, args);
    };
  }
}

if (KILL_AT !== undefined && call !== 'spawn' && call !== 'arguments') {
  const matches = new RegExp(pattern);
  beforeEach(call, (args) => {
    if (matches.test(args.slice(0, 2).map(named).join(' -> '))) process.kill(process.pid, 'SIGKILL');
  });
}
if (APPEND_AT !== undefined) {
  const [name, expected] = APPEND_AT.split('::');
  let isDone = false;
  beforeEach(name, (args) => {
    if (isDone || !named(args[0]).includes(expected)) return;
    isDone = true;
    fs.appendFileSync(process.env.APPEND_TO, '\n');
  });
}
if (SYNC_LOG !== undefined) {
  const open = fs.promises.open;
  fs.promises.open = async function (path, ...args) {
    const handle = await open.call(this, path, ...args);
    const sync = handle.sync;
    handle.sync = async function () {
      await sync.call(handle);
      fs.appendFileSync(SYNC_LOG, `${path}\n`);
    };
    return handle;
  };
  // Directories are synced by their descriptors.
  const pathOf = (descriptor) => fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  const { fsync, fsyncSync } = fs;
  fs.fsync = (descriptor, done) => {
    const path = pathOf(descriptor);
    fsync.call(fs, descriptor, (error) => {
      if (!error) fs.appendFileSync(SYNC_LOG, `${path}\n`);
      done(error);
    });
  };
  fs.fsyncSync = (descriptor) => {
    fsyncSync.call(fs, descriptor);
    fs.appendFileSync(SYNC_LOG, `${pathOf(descriptor)}\n`);
  };
}
syncBuiltinESMExports();
