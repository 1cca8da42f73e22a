// Writes what is made from the tree of commands: build/pages.json, which help and completion read because it is quicker
// than building the tree, and the manual pages. Wants a compiled program.
import { mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('..', import.meta.url));
const built = (path) => import(new URL(`../build/src/${path}`, import.meta.url));
const [{ treeOf }, { fixedValues }, { manPages }] = await Promise.all(
  ['commands/tree/tree-of.js', 'commands/fixed-values.js', 'ui/man-page.js'].map(built),
);

const { root, version } = treeOf();
writeFileSync(join(top, 'build', 'pages.json'), JSON.stringify({ root, values: fixedValues }));

const man = join(top, 'man');
mkdirSync(man, { recursive: true });
const seconds = process.env.SOURCE_DATE_EPOCH;
const date = (seconds === undefined ? new Date() : new Date(Number(seconds) * 1000))
  .toISOString()
  .slice(0, 10);
const pages = manPages(root, { version, date });
for (const name of readdirSync(man)) if (!pages.has(name)) unlinkSync(join(man, name));
for (const [name, text] of pages) writeFileSync(join(man, name), text);
