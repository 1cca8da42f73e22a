import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { look, type Looked, type LookRequest } from '../../src/cleaners/look.ts';
import type { Item } from '../../src/model/item.ts';
import { kinds, type Kind } from '../../src/model/kind.ts';
import type { JobFacts, SessionFacts } from '../../src/model/owner.ts';
import { readProcessTable } from '../../src/storage/processes.ts';
import type { ProdigyHome } from '../helpers/prodigy-home.ts';

/** A look at a home's storage, with what tests ask of it. */
export type Seen = Looked & {
  readonly of: (kind: Kind) => readonly Item[];
  readonly one: (kind: Kind, part: string) => Item;
  readonly session: (id: string) => SessionFacts;
  readonly job: (id: string) => JobFacts;
};

export async function lookAt(home: ProdigyHome, request: Partial<LookRequest> = {}): Promise<Seen> {
  const looked = await look({
    roots: [...new Set([realpathSync(home.dataRoot), realpathSync(home.root)])],
    kinds,
    wants: () => true,
    nowMs: home.nowMs,
    host: hostname(),
    ownPid: process.pid,
    readProcesses: readProcessTable,
    places: [],
    ...request,
  });
  const { items, owners } = looked.look;
  const of = (kind: Kind): readonly Item[] => items.filter((item) => item.kind === kind);
  return {
    ...looked,
    of,
    one(kind, part) {
      const found = of(kind).filter(({ path }) => path.includes(part));
      if (found.length !== 1 || found[0] === undefined)
        throw new Error(`${found.length} ${kind} with ${part}`);
      return found[0];
    },
    session(id) {
      const facts = owners.get(`session:${id}`);
      if (facts?.type !== 'session') throw new Error(`no session ${id}`);
      return facts;
    },
    job(id) {
      const facts = owners.get(`job:${id}`);
      if (facts?.type !== 'job') throw new Error(`no job ${id}`);
      return facts;
    },
  };
}
