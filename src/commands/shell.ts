import { customAlphabet } from 'nanoid';
import type { Config } from '../config.ts';
import type { RunActor } from '../journal/event-run.ts';
import type { JournalSeams } from '../journal/journal.ts';
import type { Machine } from '../model/machine.ts';
import { readMachine } from '../storage/machine.ts';
import { processName } from '../storage/process-name.ts';
import { readProcessTable, type ReadProcesses } from '../storage/processes.ts';
import { openDiagnostics, type Diagnostics } from '../ui/diagnostics.ts';
import { openTerminal, type Terminal } from '../ui/terminal.ts';
import { currentDirectory } from './here.ts';

/** The outside world as one value: clock, ids, processes, terminal, signals. Callees declare the part they use. */
export type Shell = {
  readonly config: Config;
  readonly version: string;
  readonly clock: () => number;
  readonly newId: () => string;
  readonly machine: () => Machine;
  readonly readProcesses: ReadProcesses;
  readonly openDiagnostics: (path: string) => Diagnostics;
  readonly journalSeams?: JournalSeams;
  readonly terminal: Terminal;
  /** `goneDirectory` when it was removed. */
  readonly cwd: string;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP; the second ends the process at once. */
  readonly signal: AbortSignal;
  readonly receivedSignal: () => NodeJS.Signals | undefined;
};

/** People type ids: none may look like an option, or end at a word boundary. */
const newId = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 21);

/** @param isReading - nothing is begun that would have to be finished: a signal needs no word */
export function openShell(config: Config, version: string, noColour: boolean, isReading = false): Shell {
  const stop = new AbortController();
  let received: NodeJS.Signals | undefined;
  const terminal = openTerminal(noColour ? 'never' : config.colour, config.dumbTerminal);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // What Ctrl-C shows of itself stands at the end of the live line, and goes with it.
      const start = terminal.live?.erase() === true ? '' : '\n';
      if (received !== undefined) {
        if (!isReading) terminal.err(`${start}Stopped at once. Whatever was begun: prodigy clean resume\n`);
        process.exit(name === 'SIGTERM' ? 143 : 130);
      }
      received = name;
      if (!isReading)
        terminal.err(
          `${start}Stopping: finishing the item at hand, if there is one; once more to stop at once.\n`,
        );
      stop.abort();
    });
  }
  return {
    config,
    version,
    clock: Date.now,
    newId,
    machine: readMachine,
    readProcesses: readProcessTable,
    openDiagnostics: (path) => openDiagnostics(path, terminal.err),
    terminal,
    cwd: currentDirectory(),
    signal: stop.signal,
    receivedSignal: () => received,
  };
}

/** Who asks: names and ids, never values of other environment variables (P10). */
export function actorOf({
  config,
  machine,
  terminal,
  version,
}: Pick<Shell, 'config' | 'machine' | 'terminal' | 'version'>): RunActor {
  const parent = processName(process.ppid);
  const { bootId, uptimeMs } = machine();
  return {
    user: config.user,
    uid: config.uid,
    ...config.invoker,
    host: config.host,
    pid: process.pid,
    ...(parent === undefined ? {} : { parent }),
    parentPid: process.ppid,
    ...(bootId === '' ? {} : { boot: { id: bootId, upMs: Math.round(uptimeMs) } }),
    terminal: terminal.canAsk,
    tool: version,
  };
}
