import { spawn, spawnSync } from 'node:child_process';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import type { Shop } from './shop.ts';

/** Plays the steps of `argv[1]` to the command in `argv[2:]`, on a terminal of its own. */
const python = `
import fcntl, json, os, pty, re, signal, struct, sys, termios, time
script, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
def resize(columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
resize(script["columns"], 60)
seen, since, steps = b"", 0, list(script["steps"])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    while steps:
        found = re.search(steps[0]["on"].encode(), seen[since:])
        if found is None:
            break
        step = steps.pop(0)
        since += found.end()
        while "after" in step and not os.path.exists(step["after"]):
            time.sleep(0.02)
        time.sleep(step.get("thinkMs", 0) / 1000)
        if "columns" in step:
            resize(step["columns"], 60)
        if "type" in step:
            os.write(fd, step["type"].encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
sys.exit(code)
`;

let usable: boolean | undefined;

/** Whether a terminal can be made here: python's pty does it on every plain machine that has python. */
export function hasTerminal(): boolean {
  usable ??= spawnSync('python3', ['-c', 'import fcntl, pty, termios']).status === 0;
  return usable;
}

export type Talked = { readonly screen: string; readonly exitCode: number | null };

/** Once `on`, a regular expression, is on the screen after what the step before it waited for. */
export type Step = {
  readonly on: string;
  /** And once this file is there. */
  readonly after?: string;
  readonly thinkMs?: number;
  /** Ctrl-C is `\x03`, the end of input `\x04`. */
  readonly type?: string;
  /** The window gets so wide. */
  readonly columns?: number;
};

export type ScreenOptions = {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As a shell has it: `2> errors`. */
  readonly redirect?: string;
};

/** Runs `prodigy clean ...` in the shop's repository on a terminal of its own, and answers all it was sent. */
export function onScreen(
  shop: Shop,
  args: readonly string[],
  steps: readonly Step[],
  { columns = 200, env = {}, redirect = '' }: ScreenOptions = {},
): Promise<Talked> {
  const script = JSON.stringify({ columns, steps });
  const command = ['sh', '-c', `exec "$@" ${redirect}`, 'sh', process.execPath, binary(), 'clean', ...args];
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', python, script, ...command], {
      cwd: shop.repository,
      env: prodigyEnvironment(shop.home.home, { TERM: 'xterm', ...env }),
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
    });
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ screen, exitCode }));
  });
}

/** The same, with one answer: `answer` is typed once `question` is on the screen. */
export function onTerminal(
  shop: Shop,
  args: readonly string[],
  answer: string,
  { question = '[y/N]', thinkMs = 0 }: { readonly question?: string; readonly thinkMs?: number } = {},
): Promise<Talked> {
  const on = question.replace(/[[\]/()?]/g, String.raw`\$&`);
  return onScreen(shop, args, [{ on, thinkMs, type: answer }]);
}

/**
 * What a terminal shows of what it was sent: carriage returns, line feeds, and the sequences for going up and for
 * erasing, which are all that the live line needs. Colours are left out; lines are not broken.
 */
export function shownOf(sent: string): readonly string[] {
  const rows: string[] = [''];
  let row = 0;
  let column = 0;
  // eslint-disable-next-line no-control-regex
  for (const [token, count = '', command] of sent.matchAll(/\u001b\[([\d;?]*)([A-Za-z])|[^]/g)) {
    if (command === 'A') row = Math.max(0, row - Number(count || 1));
    else if (command === 'G') column = Number(count || 1) - 1;
    else if (command === 'J' || command === 'K') {
      rows[row] = count === '2' ? '' : (rows[row] ?? '').slice(0, column);
      if (command === 'J') rows.length = row + 1;
    } else if (command !== undefined) continue;
    else if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      rows[row] ??= '';
    } else {
      const line = (rows[row] ?? '').padEnd(column);
      rows[row] = line.slice(0, column) + token + line.slice(column + 1);
      column += 1;
    }
  }
  return rows;
}
