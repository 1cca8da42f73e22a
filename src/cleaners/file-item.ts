import type { Identity, Item, ItemId, Part, Size } from '../model/item.ts';

/** What is said of thousands of items alike: kept once. */
type Alike = Pick<
  Item,
  'kind' | 'root' | 'repository' | 'attribution' | 'owners' | 'rest' | 'doubts' | 'users' | 'detail'
> &
  Pick<Identity, 'dev' | 'type'>;

const perBlock = 1024;

/** The identities of some items, as numbers: as text each takes as much as the rest of its item. */
class Block {
  readonly ino: BigInt64Array = new BigInt64Array(perBlock);
  readonly mtimeNs: BigInt64Array = new BigInt64Array(perBlock);
  readonly birthtimeNs: BigInt64Array = new BigInt64Array(perBlock);
  readonly size: Float64Array = new Float64Array(perBlock);
  filled = 0;

  /** Its place; `undefined` for what would not come out as it went in. */
  add({ ino, mtimeNs, birthtimeNs, size }: Identity): number | undefined {
    const at = this.filled;
    const isExact =
      isKept(this.ino, at, ino) &&
      isKept(this.mtimeNs, at, mtimeNs) &&
      isKept(this.birthtimeNs, at, birthtimeNs);
    if (!isExact) return undefined;
    this.size[at] = size;
    this.filled += 1;
    return at;
  }
}

function isKept(numbers: BigInt64Array, at: number, text: string): boolean {
  if (!/^-?\d{1,20}$/u.test(text)) return false;
  numbers[at] = BigInt(text);
  return String(numbers[at]) === text;
}

/**
 * An item that is one file, of which there may be a hundred thousand: what can be told from its id, or is the same as
 * of others, is not kept again. Of its size and its doubts is learnt later.
 */
class FileItem implements Item {
  readonly id: ItemId;
  readonly recordedAtMs: number | undefined;
  youngestSignMs: number;
  #alike: Alike;
  /** The whole name; or how long it is, when the path ends with it. */
  readonly #name: string | number;
  readonly #block: Block;
  readonly #at: number;
  #bytes: number | undefined;
  #files: number;

  constructor(item: Item, alike: Alike, block: Block, at: number) {
    const { kind, name, path } = item;
    // Joined, not added: a sum of texts keeps its parts.
    this.id = [kind, ':', path].join('');
    this.recordedAtMs = item.recordedAtMs;
    this.youngestSignMs = item.youngestSignMs;
    this.#alike = alike;
    this.#name = path.endsWith(name) ? name.length : name;
    this.#block = block;
    this.#at = at;
    this.#bytes = undefined;
    this.#files = 0;
  }

  get kind(): Item['kind'] {
    return this.#alike.kind;
  }

  get name(): string {
    return typeof this.#name === 'string' ? this.#name : this.id.slice(this.id.length - this.#name);
  }

  get root(): string {
    return this.#alike.root;
  }

  get path(): string {
    return this.id.slice(this.#alike.kind.length + 1);
  }

  get parts(): readonly Part[] {
    return [{ role: 'main', path: this.path, identity: this.#identity() }];
  }

  get repository(): Item['repository'] {
    return this.#alike.repository;
  }

  get attribution(): Item['attribution'] {
    return this.#alike.attribution;
  }

  get owners(): Item['owners'] {
    return this.#alike.owners;
  }

  get rest(): Item['rest'] {
    return this.#alike.rest;
  }

  get doubts(): Item['doubts'] {
    return this.#alike.doubts;
  }

  set doubts(doubts: Item['doubts']) {
    this.#alike = { ...this.#alike, doubts };
  }

  get users(): Item['users'] {
    return this.#alike.users;
  }

  get detail(): Item['detail'] {
    return this.#alike.detail;
  }

  set detail(detail: Item['detail']) {
    this.#alike = { ...this.#alike, detail };
  }

  get size(): Size | undefined {
    return this.#bytes === undefined ? undefined : { bytes: this.#bytes, files: this.#files };
  }

  set size(size: Size | undefined) {
    this.#bytes = size?.bytes;
    this.#files = size?.files ?? 0;
  }

  #identity(): Identity {
    const { ino, mtimeNs, birthtimeNs, size } = this.#block;
    const { dev, type } = this.#alike;
    const at = this.#at;
    return {
      dev,
      ino: String(ino[at]),
      type,
      mtimeNs: String(mtimeNs[at]),
      birthtimeNs: String(birthtimeNs[at]),
      size: size[at] ?? 0,
    };
  }
}

let block = new Block();
let last: Alike | undefined;

/** The same item in less memory, if it is one file of which nothing is known but what all have. */
export function compact(item: Item): Item {
  const [part, ...others] = item.parts;
  if (part === undefined || others.length > 0) return item;
  const { role, stamp, identity } = part;
  if (role !== 'main' || stamp !== undefined || identity.type !== 'file') return item;
  if (block.filled === perBlock) block = new Block();
  const at = block.add(identity);
  if (at === undefined) return item;
  const { kind, root, repository, attribution, owners, rest, doubts, users, detail } = item;
  const { dev, type } = identity;
  const alike = { kind, root, repository, attribution, owners, rest, doubts, users, detail, dev, type };
  if (last === undefined || !isAlike(last, alike)) last = alike;
  return new FileItem(item, last, block, at);
}

function isAlike(a: Alike, b: Alike): boolean {
  return (
    a.kind === b.kind &&
    a.root === b.root &&
    a.repository === b.repository &&
    a.attribution === b.attribution &&
    a.owners.length === b.owners.length &&
    a.owners.every((owner, index) => owner === b.owners[index]) &&
    (a.rest === b.rest || (a.rest.type !== 'ended' && a.rest.type === b.rest.type)) &&
    a.doubts === b.doubts &&
    a.users === b.users &&
    a.detail === b.detail &&
    a.dev === b.dev &&
    a.type === b.type
  );
}
