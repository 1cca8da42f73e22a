// Prints what is new in the version of package.json, from CHANGELOG.md: its own section, or, before there is one,
// what is not released yet.
import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const { version } = JSON.parse(read('package.json'));
const sections = new Map(
  read('CHANGELOG.md')
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading.replace(/^\[?([^\s\]]+).*$/, '$1'), lines.join('\n').trim()];
    }),
);
const notes = sections.get(version) ?? sections.get('Unreleased');
if (notes === undefined || notes === '') {
  console.error(`CHANGELOG.md has nothing on ${version}`);
  process.exit(1);
}
console.log(notes);
