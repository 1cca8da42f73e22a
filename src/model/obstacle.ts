/** Why something could not be held for undo if it went: found out before anybody is asked, or when it was to go. */
export type Obstacle = {
  /** Errno name: what a move would answer, or what the look at the place did. */
  readonly code: string;
  /** What stands in the way; of a directory that may not be moved, the one that it lies in. */
  readonly path: string;
  /** The item's own directory forbids that it is moved into another. */
  readonly isOwn?: true;
};

/** Tells obstacles apart: consent to one is no consent to another. */
export function obstacleKey({ code, path, isOwn }: Obstacle): string {
  return `${isOwn === true ? 'own ' : ''}${code} ${path}`;
}

/** The keys of all that were found, each once. */
export function obstacleKeys(found: Iterable<Obstacle | undefined>): readonly string[] {
  const keys = new Set<string>();
  for (const obstacle of found) if (obstacle !== undefined) keys.add(obstacleKey(obstacle));
  return [...keys];
}

/** In words, without a capital and without an end. The path is as it is: whoever prints it makes it printable. */
export function obstacleWords({ code, path, isOwn }: Obstacle): string {
  if (isOwn === true) return `its own directory cannot be written, in ${path}`;
  switch (code) {
    case 'EXDEV':
      return `${path} is on another file system than the quarantine`;
    case 'ELOOP':
      return `${path} is a link`;
    case 'ENOTDIR':
      return `${path} is not a directory`;
    case 'EPERM':
      return `${path} belongs to another user`;
    case 'EACCES':
      return `${path} cannot be written`;
    case 'EROFS':
      return `${path} is on a file system that is read-only`;
    case 'ENOENT':
      return `${path} is not there any more`;
    default:
      return `${path} cannot be used (${code})`;
  }
}
