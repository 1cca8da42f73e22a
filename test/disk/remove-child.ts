// `remove-child.js PATH WITHIN`: removes as whoever runs it, and prints the report.
import { removeTree } from '../../src/disk/remove.ts';

const [, , path = '', within = ''] = process.argv;
const removed = await removeTree(path, within);
process.stdout.write(JSON.stringify(removed.isOk() ? removed.value : removed.error));
