import { constants, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from '../journal/entry.ts';
import type { EventType } from '../journal/event.ts';
import { entryLine } from './entry-line.ts';
import { formatIso, printable } from './format.ts';

type Level = 'info' | 'warn' | 'error';

/**
 * The human log, `clean/clean.log`: best effort beside the journal, never instead of it. A line that cannot be
 * written is lost quietly; the entry it would have told is in the journal all the same.
 */
export type Diagnostics = {
  readonly entries: (entries: readonly Entry[]) => void;
  readonly line: (level: Level, text: string) => void;
  /** Waits until what was said is written, for at most two seconds. */
  readonly close: () => Promise<void>;
};

const fileBytes = 5 * 1024 * 1024;
const files = 5;

/** As `a`, but through no link, and waiting for nobody. */
const appendFlags =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

type Logger = Awaited<ReturnType<typeof openLogger>>;

/** What is told of every item before anything happens to it: a line for what became of it is enough here. */
const untold: ReadonlySet<EventType> = new Set([
  'ItemKept',
  'ItemCondemned',
  'PlanRecorded',
  'RemovalIntended',
]);
const failures: ReadonlySet<EventType> = new Set(['ItemFailed', 'PurgeBlocked', 'PutBackBlocked']);

/**
 * Opens nothing until the first line: winston is the most expensive import of all.
 *
 * @param tell - gets a sentence when something else lies in the log's place: that may be somebody's, or never end
 */
export function openDiagnostics(path: string, tell: (text: string) => void): Diagnostics {
  let logger: Promise<Logger | undefined> | undefined;
  const write = (level: Level, text: string): void => {
    logger ??= openLogger(path, tell).catch(() => undefined);
    void logger.then((open) => open?.log(level, text)).catch(() => undefined);
  };
  return {
    entries: (entries) => {
      const lines = entries
        .filter(({ event }) => !untold.has(event.type))
        .map((entry) =>
          lineAt(entry.atMs, failures.has(entry.event.type) ? 'error' : 'info', entryLine(entry)),
        );
      // In one go: there are up to 100,000.
      if (lines.length > 0) write('info', lines.join('\n'));
    },
    line: (level, text) => write(level, lineAt(Date.now(), level, text)),
    close: async () => {
      const open = await logger;
      if (open === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 2_000);
        const [transport] = open.transports;
        transport?.once('finish', () => {
          clearTimeout(timer);
          resolve();
        });
        open.end();
      });
    },
  };
}

function lineAt(atMs: number, level: Level, text: string): string {
  return `${formatIso(atMs)} ${level} ${text}`;
}

// eslint-disable-next-line typescript/explicit-function-return-type
async function openLogger(path: string, tell: (text: string) => void) {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === false) {
    const what = found.isSymbolicLink() ? 'a symbolic link' : 'not a regular file';
    tell(`The log ${printable(path)} is not written: it is ${what}. The journal has everything.\n`);
    return undefined;
  }
  const { createLogger, format, transports } = (await import('winston')).default;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const transport = new transports.File({
    filename: path,
    maxsize: fileBytes,
    maxFiles: files,
    tailable: true,
    options: { flags: appendFlags, mode: 0o600 },
  });
  // A full disk or a lost permission costs lines here, nothing else.
  transport.on('error', () => undefined);
  const logger = createLogger({
    level: 'info',
    format: format.printf(({ message }) => String(message)),
    transports: [transport],
  });
  logger.on('error', () => undefined);
  return logger;
}
