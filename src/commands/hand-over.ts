import { spawn } from 'node:child_process';
import { constants as fsConstants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { constants as osConstants } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { handOverVariable, type Config, type Environment } from '../config.ts';
import type { NothingToHandOver } from '../model/failure.ts';

/**
 * Hands a call to the next `prodigy` on `PATH`, never to ourselves: same arguments, terminal, exit code and signals.
 * The chain of those who passed it on travels along, so that two copies of this tool never play it back and forth.
 */
export async function handOver(
  args: readonly string[],
  self: string,
  config: Pick<Config, 'searchPath' | 'handedOverBy'>,
  environment: Environment,
): Promise<Result<number, NothingToHandOver>> {
  const own = await realpath(self).catch(() => self);
  const passed = new Set([...config.handedOverBy, own]);
  const next = await nextProdigy(config.searchPath, passed);
  if (next === undefined) return err({ type: 'no-prodigy', args });

  // With the one it is handed to: that may be a shell script that only starts this tool again.
  const real = await realpath(next).catch(() => next);
  const chain = { [handOverVariable]: [...passed, real].join('\n') };
  return new Promise((resolve) => {
    // A terminal's signals reach the child by themselves; one sent to us alone is passed on. We end when it does. They
    // are waited for before there is a child: it may be known to others, and we be signalled, before we go on.
    const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map((name) => {
      const handler = (): void => {
        if (name === 'SIGTERM' || name === 'SIGHUP') child.kill(name);
      };
      process.on(name, handler);
      return { name, handler };
    });
    const child = spawn(next, args, { stdio: 'inherit', env: { ...environment, ...chain } });
    const finish = (result: Result<number, NothingToHandOver>): void => {
      for (const { name, handler } of handlers) process.off(name, handler);
      resolve(result);
    };
    child.once('error', () => finish(err({ type: 'no-prodigy', args })));
    child.once('exit', (code, signal) => {
      if (signal === null) finish(ok(code ?? 1));
      else {
        finish(ok(128 + osConstants.signals[signal]));
        // The caller shall see the same end: killed by the same signal.
        process.kill(process.pid, signal);
      }
    });
  });
}

async function nextProdigy(searchPath: string, passed: ReadonlySet<string>): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    // An empty or relative entry means the current directory: anything could lie there.
    if (!isAbsolute(directory)) continue;
    const candidate = join(directory, 'prodigy');
    try {
      const real = await realpath(candidate);
      await access(real, fsConstants.X_OK);
      if (!passed.has(real) && (await stat(real)).isFile()) return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}
