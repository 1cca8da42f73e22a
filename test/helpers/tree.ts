import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What one entry of a tree is, as far as a careful eye can tell; access and change times are not part of it. */
export type Print = {
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  readonly mode: number;
  /** 0 for directories: file systems differ in what they count. */
  readonly size: number;
  readonly mtimeNs: bigint;
  /** SHA-256 of a file's bytes, the target of a link, empty otherwise. */
  readonly content: string;
  /** Which object it is, as far as inode and time of birth tell. A restored copy is another one: it is not compared. */
  readonly object: string;
};

export type Fingerprint = ReadonlyMap<string, Print>;

/** Relative paths; each leaves out itself and everything below it. */
export type Exceptions = { readonly except?: readonly string[] };

/**
 * Everything at and below `directory` (itself is `.`), by relative path. Links are read, never followed. A name that is
 * not UTF-8 appears with `\xNN` for the bytes that do not fit.
 */
export function fingerprint(directory: string, { except = [] }: Exceptions = {}): Fingerprint {
  const prints = new Map<string, Print>();
  visit(Buffer.from(directory), '.', prints, new Set(except.map((path) => path.replace(/\/+$/, ''))));
  return prints;
}

/** Fails `t`, naming each difference, unless both prints are the same apart from `except`. */
export function assertSame(
  t: { readonly deepEqual: (actual: unknown, expected: unknown, message?: string) => unknown },
  before: Fingerprint,
  after: Fingerprint,
  except: readonly string[] = [],
): void {
  t.deepEqual(differences(before, after, except), [], 'the tree is byte-identical');
}

/** `- gone`, `+ new` and `~ changed (what)` lines, in path order; empty when both are the same. */
export function differences(
  before: Fingerprint,
  after: Fingerprint,
  except: readonly string[] = [],
): readonly string[] {
  const lines: string[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    if (except.some((left) => path === left || path.startsWith(`${left}/`))) continue;
    const was = before.get(path);
    const is = after.get(path);
    if (was === undefined) lines.push(`+ ${path}`);
    else if (is === undefined) lines.push(`- ${path}`);
    else {
      const changed = (['type', 'mode', 'size', 'mtimeNs', 'content'] as const).filter(
        (k) => was[k] !== is[k],
      );
      if (changed.length > 0) lines.push(`~ ${path} (${changed.join(', ')})`);
    }
  }
  return lines;
}

function visit(path: Buffer, name: string, prints: Map<string, Print>, except: ReadonlySet<string>): void {
  if (except.has(name)) return;
  const stat = lstatSync(path, { bigint: true });
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : 'other';
  prints.set(name, {
    type,
    mode: Number(stat.mode),
    size: type === 'directory' ? 0 : Number(stat.size),
    mtimeNs: stat.mtimeNs,
    content: contentOf(path, type),
    object: `${stat.ino}:${stat.birthtimeNs}`,
  });
  if (type !== 'directory') return;
  for (const child of readdirSync(path, { encoding: 'buffer' })) {
    const childName = name === '.' ? text(child) : `${name}/${text(child)}`;
    visit(Buffer.concat([path, Buffer.from('/'), child]), childName, prints, except);
  }
}

function contentOf(path: Buffer, type: Print['type']): string {
  if (type === 'file') return createHash('sha256').update(readFileSync(path)).digest('hex');
  if (type === 'symlink') return text(readlinkSync(path, { encoding: 'buffer' }));
  return '';
}

function text(name: Buffer): string {
  const utf8 = name.toString('utf8');
  if (Buffer.from(utf8).equals(name)) return utf8;
  return Array.from(name, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
