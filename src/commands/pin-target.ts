import { err, ok, type Result } from 'neverthrow';
import { look } from '../cleaners/look.ts';
import type { Failure } from '../model/failure.ts';
import type { Item } from '../model/item.ts';
import { kinds } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Pin, Pins, PinTarget } from '../model/pin.ts';
import { consider, noMatches } from '../projections/item-match.ts';
import { nearest } from '../ui/nearest.ts';
import { itemQuery, type Bases } from './find-item.ts';
import { placesOf } from './journal-access.ts';
import type { Shell } from './shell.ts';

/** Everything that can be named: nothing of it is measured, and git is not asked. */
export type Nameable = { readonly items: readonly Item[]; readonly look: Look };

export type Named = { readonly target: PinTarget; readonly name: string };

export async function nameable(shell: Shell): Promise<Nameable> {
  const { config, clock, readProcesses } = shell;
  const items: Item[] = [];
  const seen = await look({
    roots: config.roots,
    kinds,
    wants: (item) => {
      items.push(item);
      return false;
    },
    nowMs: clock(),
    host: config.host,
    ownPid: process.pid,
    readProcesses,
    places: await placesOf(shell),
  });
  return { items, look: seen.look };
}

/** A session or job by its id, an item by its id, a path or a name that no other has. */
export async function targetOf(
  text: string,
  { items, look: { owners } }: Nameable,
  bases: Bases,
): Promise<Result<Named, Failure>> {
  const owner = ownerOf(text, owners);
  if (owner !== undefined) return ok({ target: owner, name: owner.slice(owner.indexOf(':') + 1) });

  const query = await itemQuery(text, bases);
  const matches = noMatches();
  for (const { id, name, path, parts } of items) {
    const others = parts.map((part) => part.path).filter((other) => other !== path);
    consider(matches, { id, name, paths: [path, ...others] }, query);
  }
  const [only, ...more] = matches.items.values();
  if (only !== undefined && more.length === 0) return ok({ target: only.id, name: only.name });
  if (only !== undefined) {
    const accepted = [only, ...more].map(({ id }) => id).slice(0, 10);
    return err({ type: 'usage', problem: 'Several items are called so', text, accepted });
  }
  return err({ type: 'unknown-item', text, similar: similarTo(text, [...owners.keys()], matches.similar) });
}

/** What was pinned may be gone by now: it is known by what it was pinned as. */
export async function pinned(text: string, pins: Pins, bases: Bases): Promise<Pin | undefined> {
  const found = pins.get(text) ?? pins.get(`session:${text}`) ?? pins.get(`job:${text}`);
  if (found !== undefined) return found;
  const query = await itemQuery(text, bases);
  const matches = noMatches();
  for (const { target, name } of pins.values()) {
    consider(matches, { id: target, name, paths: [target.slice(target.indexOf(':') + 1)] }, query);
  }
  const [only, ...more] = matches.items.keys();
  return only === undefined || more.length > 0 ? undefined : pins.get(only);
}

function ownerOf(text: string, owners: Look['owners']): OwnerId | undefined {
  const ids = [text, `session:${text}`, `job:${text}`] as OwnerId[];
  return ids.find((id) => owners.has(id));
}

const similarShown = 5;

export function similarTo(text: string, ids: readonly string[], more: Iterable<string> = []): string[] {
  const bare = ids.map((id) => id.slice(id.indexOf(':') + 1));
  const close = nearest(text.slice(text.indexOf(':') + 1), bare);
  const within = text.length < 3 ? [] : ids.filter((id) => id.includes(text));
  return [...new Set([...(close === undefined ? [] : [close]), ...within, ...more])].slice(0, similarShown);
}
