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
