// Loaded into the program under torture by --require: counts whatever it does to a disk, and at one of these steps
// cuts the power, or kills.
//   STEP_AT=<n>        before the n-th step ...
//   STEP_CUT=<path>    ... cut the power of the file system mounted there, and go on running
//   STEP_KILL=1        ... then die, as all processes do
//   STEP_COUNT=<file>  write into it, at the end, how many steps there were
'use strict';
const childProcess = require('node:child_process');
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const { STEP_AT, STEP_CUT, STEP_KILL, STEP_COUNT, STEP_CUT_SCRIPT } = process.env;
const at = Number(STEP_AT ?? 0);
const { execFileSync, spawn } = childProcess;
let steps = 0;

function step() {
  steps += 1;
  if (steps !== at) return;
  if (STEP_CUT !== undefined) execFileSync('perl', ['-e', STEP_CUT_SCRIPT, STEP_CUT]);
  if (STEP_KILL !== undefined) process.kill(process.pid, 'SIGKILL');
}

function counted(holder, name, isStep = () => true) {
  const original = holder[name];
  holder[name] = function (...args) {
    if (isStep(...args)) step();
    return original.apply(this, args);
  };
}

for (const name of ['rename', 'unlink', 'link', 'mkdir', 'rmdir', 'symlink', 'copyFile', 'writeFile']) {
  counted(fs.promises, name);
}
for (const name of ['unlink', 'rmdir', 'mkdirSync', 'chmodSync']) counted(fs, name);

const open = fs.promises.open;
fs.promises.open = async function (path, flags, ...rest) {
  const isWriting = typeof flags === 'string' ? flags !== 'r' : ((flags ?? 0) & 3) !== 0;
  if (isWriting) step();
  const handle = await open.call(this, path, flags, ...rest);
  const sync = handle.sync;
  handle.sync = async function () {
    step();
    await sync.call(this);
    step();
  };
  return handle;
};

childProcess.spawn = function (...args) {
  step();
  return spawn.apply(this, args);
};

// Before an entry is written and when it is durable.
const batch = require('abstract-level').AbstractChainedBatch.prototype;
const written = Object.getOwnPropertyDescriptor(batch, 'write').value;
batch.write = async function (...args) {
  step();
  await written.apply(this, args);
  step();
};

if (STEP_COUNT !== undefined) process.once('exit', () => fs.writeFileSync(STEP_COUNT, String(steps)));
syncBuiltinESMExports();
