import { measureTrees, type Begun, type Measurement } from '../disk/measure.ts';
import { mountsInside, readMounts, type MountTable } from '../disk/mounts.ts';
import type { Item, Size } from '../model/item.ts';
import { kinds as allKinds, type Kind } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { Doubt } from '../model/reason.ts';
import type { WorktreeFacts } from '../model/worktree.ts';
import { mapEach } from '../storage/each.ts';
import { inspectWorktree } from '../storage/git-worktree.ts';
import { rememberLife } from '../storage/liveness-again.ts';
import { ownerFacts } from '../storage/owners.ts';
import { isTerminal } from '../storage/session-file.ts';
import { readStorage, type Storage, type StorageRequest } from '../storage/storage.ts';
import { newest } from '../storage/time.ts';
import type { Cleaner } from './cleaner.ts';
import { dlqCleaner } from './dlq.ts';
import { eventLogsCleaner } from './event-logs.ts';
import { logsCleaner } from './logs.ts';
import { sessionsCleaner, strayCheckpoints } from './sessions.ts';
import { stateCleaner } from './state.ts';
import { strayMetadata, worktreesCleaner } from './worktrees.ts';

/** Roots are absolute real paths; the first is where sessions, state and the like live now. Everything is looked for in all. */
export type LookRequest = StorageRequest & {
  /** Kinds wanted as items. Owners and relations are read completely all the same: they protect. */
  readonly kinds: readonly Kind[];
  /** Whether an item is in scope. Asked before it is measured or git is run for it, and for one item once. */
  wants(item: Item): boolean;
  /** Whether to find out which branches of worktrees are not needed any more. */
  readonly branches?: boolean;
  /** Trees that are being added up already. */
  readonly begun?: Begun | undefined;
  onProgress?(kind: Kind, found: number): void;
};

export type Looked = { readonly look: Look; readonly outOfScope: Record<Kind, number> };

const cleaners: readonly Cleaner[] = [
  eventLogsCleaner,
  logsCleaner,
  dlqCleaner,
  stateCleaner,
  sessionsCleaner,
  worktreesCleaner,
];

/** How many processes of git there are at a time is git's affair; those that wait together share some answers. */
const inspectionsAtOnce = 256;

/** Looks at the whole storage once, and decides nothing. */
export async function look(request: LookRequest): Promise<Looked> {
  const storage = await readStorage(request);
  const found = new Map<Kind, Item[]>();
  for (const cleaner of cleaners) {
    const items = cleaner.find(storage);
    found.set(cleaner.kind, items);
    if (request.kinds.includes(cleaner.kind)) request.onProgress?.(cleaner.kind, items.length);
  }
  const all = allKinds.flatMap((kind) => found.get(kind) ?? []);
  const { wanted, outOfScope } = inScope(all, request);

  const { sizes } = storage.survey;
  const unknown = wanted
    .filter(({ size }) => size === undefined)
    .flatMap(({ parts }) => parts.filter(({ path }) => !sizes.has(path)));
  // Adding up waits for the disk, or needs one processor; git needs the other, and few of its answers need the sums.
  const isBesides = wanted.some(({ kind }) => kind === 'worktrees');
  const trees = unknown.map(({ path }) => ({ key: path, path }));
  const measuring = request.begun?.finish(trees) ?? measureTrees(trees, { isBesides });
  const inspecting = inspect(storage, all, wanted, { measuring, branches: request.branches });
  const [measured, inspected] = await Promise.all([measuring, inspecting]);
  const mounts = await mountsBelow(request.roots);
  for (const item of wanted) complete(item, { sizes, measured, mounts, facts: inspected.get(item.path) });
  const owners = ownerFacts(storage, all, inspected);
  rememberLife(owners, storage, all);
  return {
    look: {
      items: wanted,
      owners,
      links: storage.relations.links,
      oddities: [...storage.survey.oddities, ...strayMetadata(storage), ...strayCheckpoints(storage)],
      processesReadable: storage.table.readable,
    },
    outOfScope,
  };
}

function inScope(
  all: readonly Item[],
  request: LookRequest,
): { wanted: Item[]; outOfScope: Record<Kind, number> } {
  const outOfScope = { events: 0, logs: 0, dlq: 0, state: 0, sessions: 0, worktrees: 0 };
  const wanted: Item[] = [];
  for (const item of all) {
    if (!request.kinds.includes(item.kind)) continue;
    if (request.wants(item)) wanted.push(item);
    else outOfScope[item.kind] += 1;
  }
  return { wanted, outOfScope };
}

/** What git says of the worktrees that matter: those in scope, and those on which it depends whether a session is over. */
async function inspect(
  storage: Storage,
  all: readonly Item[],
  wanted: readonly Item[],
  {
    measuring,
    branches,
  }: { measuring: Promise<ReadonlyMap<string, Measurement>>; branches: boolean | undefined },
): Promise<ReadonlyMap<string, WorktreeFacts>> {
  const chosen = new Set(wanted.filter(({ kind }) => kind === 'worktrees'));
  const open = new Set(wanted.flatMap(({ owners }) => owners).filter((owner) => isOpen(storage, owner)));
  for (const item of all) {
    if (item.kind === 'worktrees' && item.owners.some((owner) => open.has(owner))) chosen.add(item);
  }
  const facts = await mapEach([...chosen], inspectionsAtOnce, async ({ path, detail, parts }) => {
    const isDirectory = parts[0]?.identity.type === 'directory';
    if (detail.type !== 'worktree' || !isDirectory) return [];
    const options = {
      originalBranch: detail.facts.originalBranch,
      measureNested: async () => (await measuring).get(path)?.nestedRepositories ?? [],
      branches,
    };
    return [[path, await inspectWorktree(path, options)] as const];
  });
  return new Map(facts.flat());
}

/** Neither finished nor broken: then its worktree's state is part of the answer (PRODIGY-STORAGE 4.5). */
function isOpen({ relations }: Storage, owner: string): boolean {
  if (!owner.startsWith('session:')) return false;
  const record = relations.records.get(owner.slice('session:'.length));
  return (
    record === undefined ||
    record.state === 'absent' ||
    (record.state === 'read' && !isTerminal(record.status))
  );
}

/** Those that matter, and mostly there are none. */
async function mountsBelow(roots: readonly string[]): Promise<MountTable> {
  const table = await readMounts();
  return { points: table === undefined ? [] : roots.flatMap((root) => mountsInside(table, root)) };
}

type Open = { -readonly [Field in keyof Item]: Item[Field] };

/** Adds what was found out after it was known to be wanted: in place, for there may be a hundred thousand. */
function complete(
  item: Open,
  found: {
    readonly sizes: ReadonlyMap<string, Size>;
    readonly measured: ReadonlyMap<string, Measurement>;
    readonly mounts: MountTable;
    readonly facts: WorktreeFacts | undefined;
  },
): void {
  // One file, of which all is known.
  if (item.size !== undefined) return;
  const doubts = mountDoubts(item, found.mounts);
  const newestMs: (number | undefined)[] = [];
  const sizes: Size[] = [];
  for (const { path } of item.parts) {
    const measurement = found.measured.get(path);
    const size = found.sizes.get(path) ?? measurement;
    if (size !== undefined) sizes.push(size);
    newestMs.push(measurement?.newestMtimeMs);
    for (const { code, path: problem } of measurement?.problems ?? []) {
      const reason = code === 'EXDEV' ? 'mount-point' : 'unreadable';
      doubts.push({ reason, detail: code, path: problem });
    }
  }
  item.size = sum(sizes);
  if (item.detail.type === 'worktree' && found.facts !== undefined) {
    item.detail = { ...item.detail, facts: found.facts };
    newestMs.push(found.facts.lastGitSignMs);
  }
  item.youngestSignMs = newest(item.youngestSignMs, ...newestMs) ?? item.youngestSignMs;
  if (doubts.length > 0) item.doubts = [...item.doubts, ...doubts];
}

function mountDoubts({ parts }: Item, mounts: MountTable): Doubt[] {
  if (mounts.points.length === 0) return [];
  return parts
    .filter(({ identity }) => identity.type === 'directory')
    .flatMap(({ path }) => mountsInside(mounts, path))
    .map((path) => ({ reason: 'mount-point', detail: 'another file system is mounted here', path }));
}

function sum(sizes: readonly Size[]): Size {
  let bytes = 0;
  let files = 0;
  for (const size of sizes) {
    bytes += size.bytes;
    files += size.files;
  }
  return { bytes, files };
}
