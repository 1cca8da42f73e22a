#!/usr/bin/env node
// libuv reads the size of its thread pool once, when it is first used, and loading an ES module uses it:
// so it is set here, before anything else is loaded. A value the user has set is respected.
'use strict';
if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = '16';
const args = process.argv.slice(2);
// On Linux a priority is a thread's own, and inherited: it is lowered before there are others.
if (args[0] === 'clean' && args.includes('--nice')) require('os').setPriority(19);
if (!require('./at-once.cjs').answeredAtOnce(args)) {
  import('../build/src/main.js').then(
    ({ main }) => main(args),
    (cause) => {
      process.stderr.write(`prodigy: it cannot start: ${cause && cause.message}\n`);
      process.exitCode = 70;
    },
  );
}
