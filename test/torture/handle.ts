/** What the product uses of Node's FileHandle, on a descriptor that was opened synchronously. */
export class Handle {
  readonly fd: number;
  readonly #call: (name: string, args: readonly unknown[]) => Promise<unknown>;

  constructor(fd: number, call: (name: string, args: readonly unknown[]) => Promise<unknown>) {
    this.fd = fd;
    this.#call = call;
  }

  sync(): Promise<unknown> {
    return this.#call('fsync', [this.fd]);
  }

  datasync(): Promise<unknown> {
    return this.#call('fdatasync', [this.fd]);
  }

  stat(options?: unknown): Promise<unknown> {
    return this.#call('fstat', [this.fd, options]);
  }

  readFile(options?: unknown): Promise<unknown> {
    return this.#call('readFile', [this.fd, options]);
  }

  writeFile(content: unknown, options?: unknown): Promise<unknown> {
    return this.#call('writeFile', [this.fd, content, options]);
  }

  async read(...args: unknown[]): Promise<unknown> {
    return { bytesRead: await this.#call('read', [this.fd, ...args]), buffer: args[0] };
  }

  close(): Promise<unknown> {
    return this.#call('close', [this.fd]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
