// Loaded before the program that is measured: writes its highest resident size and its processor time when it ends. What
// `getrusage` says is no less than what the process that started this one took: Linux keeps it over `exec`.
'use strict';
const { isMainThread } = require('node:worker_threads');

const file = process.env.BENCH_USAGE_FILE;
if (isMainThread && file !== undefined) {
  delete process.env.BENCH_USAGE_FILE;
  const { readFileSync, writeFileSync } = require('node:fs');
  process.on('exit', () => {
    const kib =
      process.platform === 'linux'
        ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
        : process.resourceUsage().maxRSS;
    const { user, system } = process.cpuUsage();
    writeFileSync(file, JSON.stringify({ peakBytes: kib * 1024, cpuMs: (user + system) / 1000 }));
  });
}
