import { Worker } from 'node:worker_threads';
import { invariant } from '../model/invariant.ts';

type Question<Response> = { resolve(response: Response): void; reject(cause: unknown): void };

/** `undefined` where the system allows no more threads: whoever wanted one does the work himself. */
export function startThread(module: URL, data?: unknown): Worker | undefined {
  try {
    return new Worker(module, { workerData: data });
  } catch {
    return undefined;
  }
}

/** Threads that answer one request at a time each. */
export class Pool<Request, Response> {
  readonly #threads: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #asked = new Map<Worker, Question<Response>>();
  readonly #module: URL;
  readonly #data: unknown;

  /** @param module - answers every message with one message, and gets `data` as its `workerData` */
  constructor(module: URL, size: number, data: unknown) {
    this.#module = module;
    this.#data = data;
    this.grow(size);
  }

  /** Starts what is missing to so many, as far as the system lets us. One that has died is not made up for. */
  grow(size: number): void {
    while (this.#threads.length < size) {
      const worker = startThread(this.#module, this.#data);
      if (worker === undefined) return;
      this.#threads.push(worker);
      this.#idle.push(worker);
      worker.on('message', (response: Response) => {
        const question = this.#asked.get(worker);
        this.#asked.delete(worker);
        this.#idle.push(worker);
        question?.resolve(response);
      });
      worker.on('error', (cause) => this.#died(worker, cause));
      worker.on('exit', () => this.#died(worker, undefined));
    }
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Asks an idle thread. Rejects when the thread dies of it; the others go on. */
  ask(request: Request): Promise<Response> {
    const worker = this.#idle.pop();
    invariant(worker, 'a thread is idle');
    return new Promise((resolve, reject) => {
      this.#asked.set(worker, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((worker) => worker.terminate()));
  }

  #died(worker: Worker, cause: unknown): void {
    const at = this.#idle.indexOf(worker);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#asked.get(worker)?.reject(new Error('the thread has ended', { cause }));
    this.#asked.delete(worker);
  }
}
