/** Commits, newest first, each with its parents, as `git rev-list --parents` lists them. */
export type CommitGraph = ReadonlyMap<string, readonly string[]>;

/** A branch as it left its target. */
export type Branch = {
  readonly head: string;
  /** Its own commits, newest first. */
  readonly own: readonly string[];
  readonly hasMerges: boolean;
  /** Where it left the target. */
  readonly base: string;
};

export function parseGraph(text: string): CommitGraph {
  const graph = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [commit = '', ...parents] = line.split(' ');
    graph.set(commit, parents);
  }
  return graph;
}

/** What `tips` reach inside the graph, in its order: what is left out of it is left out with all its ancestors. */
export function ownHistory(graph: CommitGraph, tips: Iterable<string>): readonly string[] {
  const own = new Set<string>();
  const waiting = [...tips];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const parents = own.has(at) ? undefined : graph.get(at);
    if (parents === undefined) continue;
    own.add(at);
    waiting.push(...parents);
  }
  if (own.size === 0) return [];
  return [...graph.keys()].filter((commit) => own.has(commit));
}
