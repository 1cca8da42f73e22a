/** A defect of this program: never an expected state of the world. Caught only in `main.ts`, exit 70. */
export class Defect extends Error {
  override readonly name: string = 'Defect';
}

/** Throws a {@link Defect} unless `claim` holds. */
export function invariant(claim: unknown, message: string): asserts claim {
  if (claim === false || claim === undefined || claim === null) throw new Defect(message);
}

/** The compiler's proof that a switch is complete, kept at run time. */
export function unreachable(value: never): never {
  throw new Defect(`unreachable: ${JSON.stringify(value)}`);
}
