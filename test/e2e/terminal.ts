import { spawn, spawnSync } from 'node:child_process';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import type { Shop } from './shop.ts';

const python = `
import os, pty, sys, time
answer, question, think, command = bytes.fromhex(sys.argv[1]), sys.argv[2].encode(), float(sys.argv[3]), sys.argv[4:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, answered = b"", False
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not answered and question in seen:
        answered = True
        time.sleep(think)
        os.write(fd, answer)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
sys.exit(code)
`;

let usable: boolean | undefined;

/** Whether a terminal can be made here: python's pty does it on every plain machine that has python. */
export function hasTerminal(): boolean {
  usable ??= spawnSync('python3', ['-c', 'import pty']).status === 0;
  return usable;
}

export type Talked = { readonly screen: string; readonly exitCode: number | null };

/**
 * Runs `prodigy clean ...` in the shop's repository on a terminal of its own, and types `answer` once `question` is
 * on the screen. Ctrl-C is `\x03`, the end of input `\x04`.
 */
export function onTerminal(
  shop: Shop,
  args: readonly string[],
  answer: string,
  { question = '[y/N]', thinkMs = 0 }: { readonly question?: string; readonly thinkMs?: number } = {},
): Promise<Talked> {
  const command = [process.execPath, binary(), 'clean', ...args];
  const typed = Buffer.from(answer).toString('hex');
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', python, typed, question, String(thinkMs / 1_000), ...command], {
      cwd: shop.repository,
      env: prodigyEnvironment(shop.home.home, { TERM: 'xterm', NO_COLOR: '1' }),
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
