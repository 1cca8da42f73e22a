import type { Ran } from '../helpers/run-prodigy.ts';

type Line = {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** The entries that a process with `--jsonl` printed whole: by then it holds them for durable. */
function linesOf({ stdout }: Pick<Ran, 'stdout'>): readonly Line[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

export function acknowledgedIn(
  ran: Pick<Ran, 'stdout'>,
): readonly { readonly id: string; readonly seq: number }[] {
  return linesOf(ran).map(({ id, seq }) => ({ id, seq }));
}

/** Ids of the items that it said to be removed, those that undo could bring back included. */
export function removedIn(ran: Pick<Ran, 'stdout'>): readonly string[] {
  return linesOf(ran)
    .filter(({ type, data }) => {
      return type === 'ItemRemoved' || (type === 'ItemQuarantined' && data['heldUntilMs'] !== undefined);
    })
    .map(({ data }) => String(data['item']));
}
