import { Common } from '../model/common.ts';
import type { Identity, Item, ItemId, Part, Size } from '../model/item.ts';
import { Identities, perBlock } from '../storage/identities.ts';

/** What is said of thousands of items alike: kept once. */
type Alike = Pick<
  Item,
  'kind' | 'root' | 'repository' | 'attribution' | 'owners' | 'rest' | 'doubts' | 'users' | 'detail'
> &
  Pick<Identity, 'dev' | 'type'>;

/** What is told of some items in numbers: as text and objects of their own they take more than all the rest. */
class Block {
  readonly identities: Identities = new Identities();
  /** No number where there is none. */
  readonly recordedAtMs: Float64Array = new Float64Array(perBlock);
  readonly youngestSignMs: Float64Array = new Float64Array(perBlock);
  /** Less than nothing while it is not measured. */
  readonly bytes: Float64Array = new Float64Array(perBlock);
  readonly files: Uint32Array = new Uint32Array(perBlock);
  /** The whole name; or how long it is, when the path ends with it. */
  readonly names: (string | number)[] = [];
  filled = 0;

  /** Its place; `undefined` for what would not come out as it went in. */
  add({ name, path, recordedAtMs, youngestSignMs, size }: Item, identity: Identity): number | undefined {
    const at = this.filled;
    if (!this.identities.set(at, identity) || Number.isNaN(recordedAtMs)) return undefined;
    this.recordedAtMs[at] = recordedAtMs ?? Number.NaN;
    this.youngestSignMs[at] = youngestSignMs;
    this.bytes[at] = size?.bytes ?? -1;
    this.files[at] = size?.files ?? 0;
    this.names[at] = path.endsWith(name) ? name.length : name;
    this.filled += 1;
    return at;
  }
}

/**
 * An item that is one file, of which there may be a hundred thousand: what can be told from its id, or is the same as
 * of others, is not kept again. Of its size and its doubts is learnt later.
 */
class FileItem implements Item {
  readonly id: ItemId;
  #alike: Alike;
  readonly #block: Block;
  readonly #at: number;

  constructor(id: ItemId, alike: Alike, block: Block, at: number) {
    this.id = id;
    this.#alike = alike;
    this.#block = block;
    this.#at = at;
  }

  get kind(): Item['kind'] {
    return this.#alike.kind;
  }

  get name(): string {
    const name = this.#block.names[this.#at] ?? '';
    return typeof name === 'string' ? name : this.id.slice(this.id.length - name);
  }

  get dev(): string {
    return this.#alike.dev;
  }

  get root(): string {
    return this.#alike.root;
  }

  get path(): string {
    return this.id.slice(this.#alike.kind.length + 1);
  }

  get parts(): readonly Part[] {
    // Who asks once asks again: they are put together once as long as no other item is asked for its.
    if (lastParts?.of === this) return lastParts.parts;
    const { dev, type } = this.#alike;
    const identity = this.#block.identities.get(this.#at, dev, type);
    const parts: readonly Part[] = [{ role: 'main', path: this.path, identity }];
    lastParts = { of: this, parts };
    return parts;
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

  get recordedAtMs(): number | undefined {
    const atMs = this.#block.recordedAtMs[this.#at];
    return Number.isNaN(atMs) ? undefined : atMs;
  }

  get youngestSignMs(): number {
    return this.#block.youngestSignMs[this.#at] ?? Number.NaN;
  }

  set youngestSignMs(atMs: number) {
    this.#block.youngestSignMs[this.#at] = atMs;
  }

  get size(): Size | undefined {
    const { bytes: sizes, files: counts } = this.#block;
    const bytes = sizes[this.#at] ?? -1;
    return bytes < 0 ? undefined : { bytes, files: counts[this.#at] ?? 0 };
  }

  set size(size: Size | undefined) {
    this.#block.bytes[this.#at] = size?.bytes ?? -1;
    this.#block.files[this.#at] = size?.files ?? 0;
  }
}

/**
 * The device of an item that is one file, without its parts being put together for it; `undefined` for any other, and
 * for one that is not kept as such.
 */
export function deviceOfFile(item: Item): string | undefined {
  return item instanceof FileItem ? item.dev : undefined;
}

let lastParts: { readonly of: FileItem; readonly parts: readonly Part[] } | undefined;

let block = new Block();
const common = new Common<Alike>(isAlike);

/** The same item in less memory, if it is one file of which nothing is known but what all have. */
export function compact(item: Item): Item {
  const [part, ...others] = item.parts;
  if (part === undefined || others.length > 0) return item;
  const { role, stamp, identity } = part;
  if (role !== 'main' || stamp !== undefined || identity.type !== 'file') return item;
  if (block.filled === perBlock) block = new Block();
  const at = block.add(item, identity);
  if (at === undefined) return item;
  const { kind, root, repository, attribution, owners, rest, doubts, users, detail } = item;
  const { dev, type } = identity;
  const alike = { kind, root, repository, attribution, owners, rest, doubts, users, detail, dev, type };
  return new FileItem(item.id, common.of(owners.join('\n'), alike), block, at);
}

function isAlike(a: Alike, b: Alike): boolean {
  return (
    a.kind === b.kind &&
    a.root === b.root &&
    a.repository?.name === b.repository?.name &&
    a.repository?.gitDir === b.repository?.gitDir &&
    a.attribution === b.attribution &&
    a.owners.length === b.owners.length &&
    a.owners.every((owner, index) => owner === b.owners[index]) &&
    a.rest.type === b.rest.type &&
    (a.rest.type !== 'ended' || b.rest.type !== 'ended' || a.rest.atMs === b.rest.atMs) &&
    a.doubts === b.doubts &&
    a.users === b.users &&
    a.detail === b.detail &&
    a.dev === b.dev &&
    a.type === b.type
  );
}
