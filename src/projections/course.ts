import type { Entry } from '../journal/entry.ts';

/** As much of what was journalled of an operation as decides where its item is now. */
export type Course = {
  /** What took it away, or brought it back, last. */
  end: 'removed' | 'restored' | 'vanished' | undefined;
  endedAtMs: number;
  /** Undo has ended since. */
  hasExpired: boolean;
  /** Why its bytes began to be freed, when that was in a later run than the one that moved it. */
  purgedFor: string | undefined;
  hasSnapshot: boolean;
};

export function newCourse(): Course {
  return { end: undefined, endedAtMs: 0, hasExpired: false, purgedFor: undefined, hasSnapshot: false };
}

/** Feed it the entries of the operation, and of those that put back what it removed, in order. */
export function follow(course: Course, { event, atMs }: Pick<Entry, 'event' | 'atMs'>): void {
  switch (event.type) {
    case 'ItemRemoved':
      return end(course, 'removed', atMs);
    case 'ItemRestored':
      return end(course, 'restored', atMs);
    case 'ItemVanished':
      return end(course, 'vanished', atMs);
    case 'UndoExpired':
      course.hasExpired = true;
      return;
    case 'PurgeStarted':
      course.purgedFor = event.why;
      return;
    case 'SnapshotTaken':
      course.hasSnapshot = true;
      return;
    default:
  }
}

function end(course: Course, how: Course['end'], atMs: number): void {
  course.end = how;
  course.endedAtMs = atMs;
  course.hasExpired = false;
}
