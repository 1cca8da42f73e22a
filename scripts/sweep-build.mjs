// Removes from build/ what was compiled from sources that are no more, so that no package holds it. Leaves the rest as
// it is: others may be running it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const top = fileURLToPath(new URL('..', import.meta.url));
for (const part of ['src', 'migrations']) {
  const built = join(top, 'build', part);
  if (!existsSync(built)) continue;
  for (const name of readdirSync(built, { recursive: true })) {
    const source = name.replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts');
    if (source !== name && !existsSync(join(top, part, source))) rmSync(join(built, name));
  }
}
