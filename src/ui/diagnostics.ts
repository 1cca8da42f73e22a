import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from '../journal/entry.ts';
import { entryLine } from './entry-line.ts';

/**
 * The human log, `clean/clean.log`: best effort beside the journal, never instead of it. A line that cannot be
 * written is lost quietly; the entry it would have told is in the journal all the same.
 */
export type Diagnostics = {
  readonly entries: (entries: readonly Entry[]) => void;
  readonly line: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** Waits until what was said is written, for at most two seconds. */
  readonly close: () => Promise<void>;
};

const fileBytes = 5 * 1024 * 1024;
const files = 5;

type Logger = Awaited<ReturnType<typeof openLogger>>;

/** Opens nothing until the first line: winston is the most expensive import of all. */
export function openDiagnostics(path: string): Diagnostics {
  let logger: Promise<Logger | undefined> | undefined;
  const write = (level: 'info' | 'warn' | 'error', text: string): void => {
    logger ??= openLogger(path).catch(() => undefined);
    void logger.then((open) => open?.log(level, text)).catch(() => undefined);
  };
  return {
    entries: (entries) => {
      for (const entry of entries) {
        const { type } = entry.event;
        const isFailure = type === 'ItemFailed' || type === 'PurgeBlocked' || type === 'PutBackBlocked';
        if (type !== 'PlanRecorded') write(isFailure ? 'error' : 'info', entryLine(entry));
      }
    },
    line: write,
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

// eslint-disable-next-line typescript/explicit-function-return-type
async function openLogger(path: string) {
  const { createLogger, format, transports } = (await import('winston')).default;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const transport = new transports.File({
    filename: path,
    maxsize: fileBytes,
    maxFiles: files,
    tailable: true,
    options: { flags: 'a', mode: 0o600 },
  });
  // A full disk or a lost permission costs lines here, nothing else.
  transport.on('error', () => undefined);
  const logger = createLogger({
    level: 'info',
    format: format.combine(
      format.timestamp(),
      format.printf(({ timestamp, level, message }) => `${String(timestamp)} ${level} ${String(message)}`),
    ),
    transports: [transport],
  });
  logger.on('error', () => undefined);
  return logger;
}
