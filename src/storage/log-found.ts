import { basename } from 'node:path';
import { Common } from '../model/common.ts';
import { itemId, pathOf, type ItemId } from '../model/item.ts';
import type { LogEntry } from './entries.ts';
import { Identities, perBlock } from './identities.ts';
import type { Seen } from './see.ts';

/** What is said of thousands of logs alike: kept once. */
type Alike = Pick<LogEntry, 'root' | 'holder' | 'link' | 'cwd'> & Pick<Seen['identity'], 'dev' | 'type'>;

class Block {
  readonly identities: Identities = new Identities();
  readonly mtimeMs: Float64Array = new Float64Array(perBlock);
  readonly bytes: Float64Array = new Float64Array(perBlock);
  readonly links: Float64Array = new Float64Array(perBlock);
  filled = 0;

  /** Its place; `undefined` for what would not come out as it went in. */
  add({ identity, mtimeMs, bytes, links }: Seen): number | undefined {
    const at = this.filled;
    if (!this.identities.set(at, identity)) return undefined;
    this.mtimeMs[at] = mtimeMs;
    this.bytes[at] = bytes;
    this.links[at] = links;
    this.filled += 1;
    return at;
  }
}

/** A log as it was found, of which there may be a hundred thousand: its id, and numbers. */
class LogFound implements LogEntry {
  readonly id: ItemId;
  readonly #alike: Alike;
  readonly #block: Block;
  readonly #at: number;

  constructor(id: ItemId, alike: Alike, block: Block, at: number) {
    this.id = id;
    this.#alike = alike;
    this.#block = block;
    this.#at = at;
  }

  get root(): string {
    return this.#alike.root;
  }

  get path(): string {
    return pathOf(this.id);
  }

  get holder(): string {
    return this.#alike.holder;
  }

  get name(): string {
    return basename(this.path);
  }

  get link(): LogEntry['link'] {
    return this.#alike.link;
  }

  get cwd(): string | undefined {
    return this.#alike.cwd;
  }

  get seen(): Seen {
    const { identities, mtimeMs, bytes, links } = this.#block;
    const at = this.#at;
    const { dev, type } = this.#alike;
    return {
      path: this.path,
      identity: identities.get(at, dev, type),
      mtimeMs: mtimeMs[at] ?? Number.NaN,
      bytes: bytes[at] ?? 0,
      links: links[at] ?? 0,
    };
  }
}

/** Makes small what was found of the logs of one survey, in the order in which they are found. */
export function logsFound(): (entry: LogEntry) => LogEntry {
  let block = new Block();
  const common = new Common<Alike>(isAlike);
  return (entry) => {
    const { root, path, seen, link, holder, name, cwd } = entry;
    if (link !== undefined || basename(path) !== name) return entry;
    if (block.filled === perBlock) block = new Block();
    const at = block.add(seen);
    if (at === undefined) return entry;
    const { dev, type } = seen.identity;
    const alike = { root, holder, link, cwd, dev, type };
    return new LogFound(itemId('logs', path), common.of(cwd ?? '', alike), block, at);
  };
}

function isAlike(a: Alike, b: Alike): boolean {
  return (
    a.root === b.root && a.holder === b.holder && a.cwd === b.cwd && a.dev === b.dev && a.type === b.type
  );
}
