import { checkedState } from '../../migrations/0002-checked-state.ts';
import { firstSchema } from '../../migrations/0001-first-schema.ts';
import type { Migration, StoredEntry, Upcast } from '../../migrations/0001-first-schema.ts';

const migrations: readonly Migration[] = [firstSchema, checkedState];

/** The journal format that this version writes, and the newest that it reads. */
export const supportedFormat: number = Math.max(...migrations.map(({ format }) => format));

/** What a journal of an older format says of its ends; `undefined` when nobody here knows that format. */
export function migrationOf(format: number): Migration | undefined {
  return migrations.find((migration) => migration.format === format);
}

const upcasts = new Map<string, Map<number, Upcast>>();
for (const migration of migrations) {
  for (const [type, byVersion] of Object.entries(migration.upcasts)) {
    const known = upcasts.get(type) ?? new Map<number, Upcast>();
    for (const [version, upcast] of Object.entries(byVersion)) known.set(Number(version), upcast);
    upcasts.set(type, known);
  }
}

const versions = new Map([...upcasts].map(([type, known]) => [type, Math.max(0, ...known.keys()) + 1]));

/** The version in which events of `type` are written: one more than the newest that needs an upcast. */
export function typeVersion(type: string): number {
  return versions.get(type) ?? 1;
}

/** The entry in today's shape; `undefined` when no chain of upcasts leads there from version `tv`. */
export function upcastEntry(stored: StoredEntry, type: string, tv: number): StoredEntry | undefined {
  let entry = stored;
  for (let version = tv; version < typeVersion(type); version += 1) {
    const upcast = upcasts.get(type)?.get(version);
    if (upcast === undefined) return undefined;
    entry = upcast(entry);
  }
  return tv > typeVersion(type) ? undefined : entry;
}
