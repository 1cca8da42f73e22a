import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** As package.json has it. */
export function packageVersion(): string {
  const path = fileURLToPath(new URL('../../package.json', import.meta.url));
  return String((JSON.parse(readFileSync(path, 'utf8')) as { version: unknown }).version);
}
