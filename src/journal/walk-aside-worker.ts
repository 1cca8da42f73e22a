import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../model/invariant.ts';
import { borrowed } from './level-contents.ts';
import { packed } from './walk-aside.ts';
import type { Message, Task } from './walk-aside.ts';
import { walk } from './walk.ts';

invariant(parentPort, 'this module is a thread');
const port = parentPort;
const { lent, span } = workerData as Task;

const wanted = { pages: 0 };
port.on('message', (more: number) => {
  wanted.pages += more;
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
const tell = (message: Message): void => port.postMessage(message);

for await (const page of walk(borrowed(lent), span)) {
  while (wanted.pages === 0) await once(port, 'message');
  wanted.pages -= 1;
  tell(packed(page));
}
tell({ type: 'end' });
port.close();
