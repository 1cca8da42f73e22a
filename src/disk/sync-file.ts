import { fsync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Makes what was written to a file, by whichever process, durable. Rejects with node's error. */
export async function syncFile(path: string): Promise<void> {
  // Windows syncs only through what may write; elsewhere a file may be read-only.
  const file = await open(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The same of what is open. */
export function syncOpen(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(descriptor, (cause) => (cause === null ? resolve() : reject(cause)));
  });
}
