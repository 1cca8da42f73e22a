import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';

/** A real directory of its own for one test, removed afterwards whatever is left in it. */
export function temporaryDirectory(t: ExecutionContext): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'prodigy-clean-disk-')));
  // Not fs.rmSync: it cannot remove what is deeper than a path may be long.
  t.teardown(() => execa('rm', ['-rf', '--one-file-system', directory], { reject: false }));
  return directory;
}

/** Files by relative path; a name that ends in `/` is an empty directory, a value `{ link }` a symbolic link. */
export function plant(root: string, files: Record<string, string | { readonly link: string }>): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const at = path.join(root, name);
    fs.mkdirSync(name.endsWith('/') ? at : path.dirname(at), { recursive: true });
    if (name.endsWith('/')) continue;
    if (typeof content === 'string') fs.writeFileSync(at, content);
    else fs.symlinkSync(content.link, at);
  }
}

/** Everything below `root`: names as bytes, types, modes, times and contents. */
export function picture(root: string): readonly string[] {
  const lines: string[] = [];
  const look = (at: Buffer): void => {
    const stats = fs.lstatSync(at, { bigint: true });
    const what = `${at.toString('hex')} ${stats.mode} ${stats.uid} ${stats.mtimeNs} ${stats.nlink}`;
    if (stats.isDirectory()) {
      lines.push(what);
      for (const name of fs.readdirSync(at, { encoding: 'buffer' })) {
        look(Buffer.concat([at, Buffer.from('/'), name]));
      }
    } else if (stats.isSymbolicLink()) {
      lines.push(`${what} -> ${fs.readlinkSync(at, 'buffer').toString('hex')}`);
    } else {
      lines.push(`${what} ${createHash('sha256').update(fs.readFileSync(at)).digest('hex')}`);
    }
  };
  look(Buffer.from(root));
  return lines.sort();
}

export const isRoot: boolean = process.geteuid?.() === 0;

/** Runs a command only some machines allow. @returns whether it succeeded; `undo` runs after the test */
export async function permitted(
  t: ExecutionContext,
  command: readonly [string, ...string[]],
  undo: readonly [string, ...string[]],
): Promise<boolean> {
  const [file, ...args] = command;
  const { failed } = await execa(file, args, { reject: false });
  if (failed) {
    t.log(`SKIPPED: not permitted here: ${command.join(' ')}`);
    t.pass();
    return false;
  }
  // Teardowns run in the reverse order: this one before the directory goes.
  t.teardown(async () => {
    const [undoFile, ...undoArgs] = undo;
    await execa(undoFile, undoArgs, { reject: false });
  });
  return true;
}
