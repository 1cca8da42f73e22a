import type { Item } from '../model/item.ts';
import type { Look } from '../model/look.ts';
import type { Liveness, OwnerId } from '../model/owner.ts';
import { addTo } from '../model/groups.ts';
import { prodigiesAtWork, usersOf } from './liveness.ts';
import type { ProcessTable } from './processes.ts';
import type { Storage } from './storage.ts';
import { vitalSigns, type VitalSigns, type Watched } from './vital-signs.ts';

type Owners = Look['owners'];

type Source = {
  readonly watched: Watched;
  /** Paths of all that belongs to an owner, in scope or not. */
  readonly paths: ReadonlyMap<OwnerId, readonly string[]>;
  readonly asked: WeakMap<ProcessTable, Asked>;
};

type Asked = {
  readonly signs: Promise<VitalSigns>;
  /** Asked for every item of a bundle: a big one has thousands. */
  readonly answers: Map<OwnerId, Liveness>;
};

/** By the owners of a look, so that the look itself stays plain data. */
const sources = new WeakMap<Owners, Source>();

/** Keeps what it takes to ask again, later in the run, whether these owners are alive. */
export function rememberLife(owners: Owners, storage: Storage, items: readonly Item[]): void {
  const { relations, repositories, table, prodigies, blindness, nowMs, survey } = storage;
  const paths = new Map<OwnerId, string[]>();
  for (const { owners: own, parts } of items) {
    for (const owner of own) for (const { path } of parts) addTo(paths, owner, path);
  }
  sources.set(owners, {
    // Locks change by our own hand: they are looked at one by one.
    watched: {
      relations,
      repositories,
      table,
      prodigies,
      blindness,
      nowMs,
      locks: new Map(),
      survey: { roots: survey.roots, worktrees: survey.worktrees },
    },
    paths,
    asked: new WeakMap(),
  });
}

/** Whether an owner is alive by a process table that is newer than the look. Locks are not asked. */
export async function livenessAgain(owners: Owners, owner: OwnerId, table: ProcessTable): Promise<Liveness> {
  const source = sources.get(owners);
  const facts = owners.get(owner);
  if (source === undefined || facts === undefined) {
    return { answer: 'cannot-tell', evidence: ['nothing is known of its owner'] };
  }
  const asked = askedOf(source, table);
  const signs = await asked.signs;
  const known = asked.answers.get(owner);
  if (known !== undefined) return known;
  const owned = (source.paths.get(owner) ?? []).map((path) => ({ users: usersOf(path, table) }));
  const answer =
    facts.type === 'session'
      ? signs.ofSession(owner.slice('session:'.length), facts, owned)
      : signs.ofJob(owner.slice('job:'.length), owned);
  asked.answers.set(owner, answer);
  return answer;
}

function askedOf({ asked, watched }: Source, table: ProcessTable): Asked {
  const known = asked.get(table);
  if (known !== undefined) return known;
  const signs = prodigiesAtWork(table, watched.survey.roots).then((prodigies) =>
    vitalSigns({ ...watched, table, prodigies }),
  );
  const fresh: Asked = { signs, answers: new Map() };
  asked.set(table, fresh);
  return fresh;
}
