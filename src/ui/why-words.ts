import { formatBytes, formatCount, formatTime, printable } from './format.ts';
import type { ItemView } from './view.ts';

/** Checks that found nothing: they are in the journal and in `--json`; a line for people names what matters. */
const quietWhen: Readonly<Record<string, string | number | boolean>> = {
  commits: 'reachable',
  changes: 'none',
  precious: 'none',
  operation: 'none',
  locked: false,
  nested: 'none',
  pendingRetry: 0,
  pendingReview: 0,
};

/** They tell what the name, the reason or another of them tells already. */
const neverShown: ReadonlySet<string> = new Set(['rest', 'head', 'branch', 'locked', 'via']);

/** These speak for themselves; others need the name of what was observed before them. */
const plainKeys: ReadonlySet<string> = new Set([
  'status',
  'doubt',
  'process',
  'signs',
  'nested',
  'unreachable',
  'held',
  'because',
  'state',
  'changes',
  'unmerged',
]);

/** `merged into main, clean (Completed)` or `kept: resumable (Failed, with checkpoint and worktree)`. */
export function whyText(item: ItemView): string {
  return item.verdict === 'keep' ? `kept: ${keepWords(item)}` : removeWords(item);
}

/** `unattributed (several repositories are called shop)`: the reason as `clean log --reason` takes it, and its evidence. */
export function keepWords(item: ItemView): string {
  return `${printable(item.reason)}${inBrackets(details(item, new Set(['merged', 'unmerged'])))}`;
}

/** `unmerged, branch prodigy-x kept at 3f2c1e4, clean (Completed)`: what makes it safe, and its evidence. */
export function removeWords(item: ItemView): string {
  const { kind, evidence, proof } = item;
  if (kind !== 'worktrees') return `${proofWords(item)}${inBrackets(details(item, new Set()))}`;
  const { merged, unmerged, landed } = evidence;
  const told: string[] = [proofWords(item)];
  if (merged === undefined && unmerged !== undefined) {
    const kept = printable(String(unmerged));
    told.push(...(proof === 'branch-kept' || kept.startsWith('branch') ? [kept] : []));
  }
  if (proof !== 'snapshot') told.push('clean');
  const shown = new Set(['merged', 'unmerged', ...(landed === undefined ? [] : ['landed'])]);
  return `${told.join(', ')}${inBrackets(details(item, shown))}`;
}

function proofWords({ proof, reason, evidence }: ItemView): string {
  const { merged, landed } = evidence;
  switch (proof) {
    case undefined:
      return printable(reason);
    case 'merged':
      return merged === undefined ? 'merged' : `merged into ${printable(String(merged))}`;
    case 'branch-kept':
      return 'unmerged';
    case 'expired-log':
      return 'expired';
    case 'orphan':
      return 'orphan, nothing speaks for it';
    case 'snapshot':
      return 'the work in it goes into a snapshot';
    default: {
      if (landed === undefined) return printable(proof);
      const where = printable(String(landed));
      return where.startsWith('in ') ? `landed ${where}` : where;
    }
  }
}

function details(item: ItemView, without: ReadonlySet<string>): readonly string[] {
  return Object.entries(item.evidence).flatMap(([key, value]) =>
    quietWhen[key] === value || neverShown.has(key) || without.has(key) ? [] : detail(item, key, value),
  );
}

function detail({ name, path }: ItemView, key: string, value: string | number | boolean): readonly string[] {
  const text = printable(String(value));
  switch (key) {
    case 'owner':
      return name.includes(text.slice(text.indexOf(':') + 1)) ? [] : [text.replace(':', ' ')];
    case 'path':
      return value === path ? [] : [text];
    case 'heldIn':
      return [`by the journal of ${text}`];
    case 'untilMs':
      return [`until ${formatTime(Number(value))}`];
    case 'latestMs':
      return [`dated ${formatTime(Number(value))}`];
    case 'keptFor':
      return [`not older than ${text}`];
    case 'freeBytes':
      return [`${formatBytes(Number(value))} asked for`];
    case 'keepLast':
      return [`the youngest ${text}`];
    case 'operation':
      return [`${text} under way`];
    case 'pendingRetry':
      return [`${text} to retry`];
    case 'pendingReview':
      return [`${text} to review`];
    case 'worktree':
      return [`its worktree ${tail(text)} stays`];
    case 'letters':
      return [typeof value === 'number' ? formatCount(value, 'letter') : `its letters ${tail(text)} wait`];
    default:
      return [plainKeys.has(key) ? text : `${key}: ${text}`];
  }
}

/** The last two names of a path: what people call an item. */
function tail(path: string): string {
  return path.split('/').slice(-2).join('/');
}

function inBrackets(texts: readonly string[]): string {
  return texts.length === 0 ? '' : ` (${texts.join('; ')})`;
}
