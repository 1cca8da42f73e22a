// Loaded before the program whose memory is asked for: writes its highest resident size, in bytes, when it ends. What
// `getrusage` says is no less than what the process that started this one took: Linux keeps it over `exec`.
'use strict';
const { isMainThread } = require('node:worker_threads');

const file = process.env.BENCH_PEAK_FILE;
if (isMainThread && file !== undefined) {
  delete process.env.BENCH_PEAK_FILE;
  const { readFileSync, writeFileSync } = require('node:fs');
  process.on('exit', () => {
    const kib =
      process.platform === 'linux'
        ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
        : process.resourceUsage().maxRSS;
    writeFileSync(file, String(kib * 1024));
  });
}
