// `racer-child.js INNER ASIDE DECOY STOP`: swaps the directory INNER for a link to DECOY and back, as fast as it
// can, until the file STOP exists. Makes the file STOP.ready when it begins; prints how often it succeeded.
import fs from 'node:fs';

const [, , inner = '', aside = '', decoy = '', stop = ''] = process.argv;

function tries(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

const parent = process.ppid;

let swaps = 0;
let abandoned = 0;
fs.writeFileSync(`${stop}.ready`, '');
// Not without whoever started it: a test that is cut short leaves nothing running.
while (!fs.existsSync(stop) && process.ppid === parent) {
  for (let turn = 0; turn < 50; turn += 1) {
    if (!tries(() => fs.renameSync(inner, `${aside}${abandoned}`))) continue;
    if (tries(() => fs.symlinkSync(decoy, inner))) swaps += 1;
    tries(() => fs.unlinkSync(inner));
    if (!tries(() => fs.renameSync(`${aside}${abandoned}`, inner))) abandoned += 1;
  }
}
process.stdout.write(String(swaps));
