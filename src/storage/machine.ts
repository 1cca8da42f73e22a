import fs from 'node:fs';
import os from 'node:os';
import type { Machine } from '../model/machine.ts';

export function readMachine(): Machine {
  return { bootId: readBootId(), uptimeMs: os.uptime() * 1000 };
}

export function readBootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
