import type { Dirent } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathIn } from '../disk/path.ts';
import type { ReadAhead } from '../disk/read-ahead.ts';
import type { FileType } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { classify, vitalContainers, type Place } from './layout.ts';
import { fileType, isNameable, list } from './see.ts';

/** One name below a root that means something. */
export type PlaceFound = {
  readonly root: string;
  readonly path: string;
  readonly type: FileType;
  readonly place: Exclude<Place, { type: 'container' | 'ignored' | 'unknown' }>;
};

export type Places = {
  /** The caller's: a place that was read can be let go. */
  readonly found: (PlaceFound | undefined)[];
  /** Names left alone because nobody knows them. */
  readonly oddities: readonly Doubt[];
  /** Containers that could not be listed: what is in them is not known, which is not the same as nothing. */
  readonly blind: readonly Blind[];
};

export type Blind = { readonly segments: readonly string[]; readonly vital: boolean; readonly doubt: Doubt };

type Walk = {
  readonly root: string;
  readonly ahead: ReadAhead;
  found: PlaceFound[];
  oddities: Doubt[];
  blind: Blind[];
};

/** Lists both roots down to where items begin: one pass, no link followed, nothing opened. */
export function findPlaces(roots: readonly string[], ahead: ReadAhead): Places {
  const found: PlaceFound[] = [];
  const oddities: Doubt[] = [];
  const blind: Blind[] = [];
  for (const root of roots) walk({ root, ahead, found, oddities, blind }, []);
  return { found, oddities, blind };
}

function walk(
  at: Walk,
  segments: readonly string[],
  listed?: readonly Dirent[],
  directory: string = join(at.root, ...segments),
): void {
  const entries = listed ?? listOrNote(at, segments, directory);
  const reach = at.ahead.follow(entries.length, (index) => {
    const entry = entries[index];
    if (entry === undefined || !isListed([...segments, entry.name], fileType(entry))) return undefined;
    return { as: 'list', path: pathIn(directory, entry.name) };
  });
  for (const [index, entry] of entries.entries()) {
    reach(index);
    visit(at, segments, directory, entry);
  }
}

/** Its path is put together when it is asked for: there may be a hundred thousand in one directory. */
class Found implements PlaceFound {
  readonly root: string;
  readonly #directory: string;
  readonly #name: string;
  readonly type: FileType;
  readonly place: PlaceFound['place'];

  constructor(root: string, directory: string, { name, type, place }: Named) {
    this.root = root;
    this.#directory = directory;
    this.#name = name;
    this.type = type;
    this.place = place;
  }

  get path(): string {
    return pathIn(this.#directory, this.#name);
  }
}

type Named = Pick<PlaceFound, 'type' | 'place'> & { readonly name: string };

/** Whether {@link visit} lists it. */
function isListed(segments: readonly string[], type: FileType): boolean {
  if (type !== 'directory') return false;
  return isDecidedByContents(segments) || classify(segments, type).type === 'container';
}

function visit(at: Walk, above: readonly string[], directory: string, entry: Dirent): void {
  const { name } = entry;
  const segments = [...above, name];
  const type = fileType(entry);
  if (!isNameable(entry.name)) {
    const path = join(directory, name);
    at.oddities.push({ reason: 'unknown-format', detail: 'a name that is not UTF-8', path });
    return;
  }
  if (above.length === 0 && vitalContainers.includes(name) && (type === 'file' || type === 'other')) {
    const path = join(directory, name);
    noteBlind(at, segments, { reason: 'unknown-format', detail: 'not a directory', path });
    return;
  }
  const children =
    type === 'directory' && isDecidedByContents(segments) ? listOrNote(at, segments) : undefined;
  const place = classify(
    segments,
    type,
    children?.map((child) => ({ name: child.name, type: fileType(child) })) ?? [],
  );
  switch (place.type) {
    case 'ignored':
      return;
    case 'unknown':
      at.oddities.push({
        reason: type === 'symlink' ? 'symlink' : 'unknown-format',
        detail: entry.name.startsWith('.prodigy-trash-')
          ? 'left by a removal that did not end: prodigy clean resume'
          : 'not known here',
        path: join(directory, name),
      });
      return;
    case 'container':
      if (type === 'symlink')
        noteBlind(at, segments, {
          reason: 'symlink',
          detail: 'a link, not followed',
          path: join(directory, name),
        });
      else walk(at, segments, children, pathIn(directory, name));
      return;
    case 'mapreduce': {
      const inside = type === 'directory' ? listOrNote(at, segments) : [];
      if (inside.length > 0) walk(at, segments, inside, pathIn(directory, name));
      else at.found.push(new Found(at.root, directory, { name, type, place }));
      return;
    }
    default:
      at.found.push(new Found(at.root, directory, { name, type, place }));
  }
}

/** `events/*` and `dlq/*` are jobs in old releases and hold jobs in newer ones. */
function isDecidedByContents([top, ...rest]: readonly string[]): boolean {
  return (top === 'events' || top === 'dlq') && rest.length === 1;
}

function listOrNote(
  at: Walk,
  segments: readonly string[],
  directory: string = join(at.root, ...segments),
): readonly Dirent[] {
  const listed = list(directory);
  if (listed.isOk()) return listed.value;
  noteBlind(at, segments, listed.error);
  return [];
}

function noteBlind(at: Walk, segments: readonly string[], doubt: Doubt): void {
  const vital = segments.length === 0 || (segments.length === 1 && isVital(segments));
  at.blind.push({ segments, vital, doubt });
  at.oddities.push(doubt);
}

/** A name that was listed and could not be looked at. */
export function blindAt({ root, path }: PlaceFound, doubt: Doubt): Blind {
  const segments = relative(root, path).split(sep);
  return { segments, vital: isVital(segments), doubt };
}

function isVital([top]: readonly string[]): boolean {
  return vitalContainers.includes(top ?? '');
}
