import { dirname, basename } from 'node:path';
import type { Judged } from '../cleaners/judged.ts';
import type { Scan } from '../cleaners/scan.ts';
import type { UndoObstacles } from '../cleaners/undo-obstacles.ts';
import type { RunPolicy } from '../journal/event-run.ts';
import type { Kind } from '../model/kind.ts';
import type { Obstacle } from '../model/obstacle.ts';
import type { Evidence } from '../model/reason.ts';
import { ageBasisMs } from '../policy/age.ts';
import type { Scope } from '../policy/scope.ts';
import type { PlanLook } from '../ui/plan-text.ts';
import type { ItemView, RunView } from '../ui/view.ts';
import type { CleanRequest } from './options.ts';
import type { Shell } from './shell.ts';

/**
 * What the screens show of a scan: `run` and `plan` are ids.
 *
 * @param obstacleTo - why something that goes cannot be undone, if anything of it can; see {@link UndoObstacles}
 */
export function viewOf(
  scan: Scan,
  scope: Scope,
  policy: RunPolicy,
  roots: readonly string[],
  ids: Pick<RunView, 'run' | 'plan' | 'dryRun' | 'applies'>,
  obstacleTo: UndoObstacles['to'] = () => undefined,
): RunView {
  return {
    ...ids,
    scope: {
      allRepositories: scope.allRepositories,
      repositories: scope.repositories.map(({ name, gitDir }) => ({
        name,
        path: workingDirectoryOf(gitDir),
      })),
      roots,
      kinds: scope.kinds,
      isNarrowed: scope.mapreduceOnly === true || scope.jobId !== undefined,
    },
    cutoffMs: policy.cutoffMs,
    retentionMs: policy.retentionMs,
    // Made for each screen: meanwhile a hundred thousand items are removed.
    get items() {
      return Array.from(scan.judged, (judged) => new Seen(judged, policy, obstacleTo));
    },
    outOfScope: scope.kinds.reduce((sum, kind) => sum + (scan.outOfScope[kind] ?? 0), 0),
    oddities: scan.look.oddities,
  };
}

/** Copies nothing of a judged item: there may be a hundred thousand, and each screen asks little of each. */
class Seen implements ItemView {
  readonly #judged: Judged;
  readonly #policy: Pick<RunPolicy, 'nowMs'>;
  readonly #obstacleTo: UndoObstacles['to'];

  constructor(judged: Judged, policy: Pick<RunPolicy, 'nowMs'>, obstacleTo: UndoObstacles['to']) {
    this.#judged = judged;
    this.#policy = policy;
    this.#obstacleTo = obstacleTo;
  }

  get obstacle(): Obstacle | undefined {
    const { verdict, item } = this.#judged;
    return verdict.type === 'remove' ? this.#obstacleTo(item) : undefined;
  }

  get id(): string {
    return this.#judged.item.id;
  }

  get kind(): Kind {
    return this.#judged.item.kind;
  }

  get name(): string {
    return this.#judged.item.name;
  }

  get path(): string {
    return this.#judged.item.path;
  }

  get repository(): string | undefined {
    return this.#judged.item.repository?.name;
  }

  get repositoryPath(): string | undefined {
    return workingDirectoryOf(this.#judged.item.repository?.gitDir);
  }

  get bytes(): number {
    return this.#judged.item.size?.bytes ?? 0;
  }

  get ageMs(): number | undefined {
    const agedFromMs = ageBasisMs(this.#judged.item);
    return agedFromMs === undefined ? undefined : this.#policy.nowMs - agedFromMs;
  }

  get verdict(): 'remove' | 'keep' {
    return this.#judged.verdict.type;
  }

  get reason(): string {
    return this.#judged.verdict.reason;
  }

  get proof(): string | undefined {
    const { verdict } = this.#judged;
    return verdict.type === 'remove' ? verdict.proof : undefined;
  }

  get evidence(): Evidence {
    return this.#judged.verdict.evidence;
  }

  get deletes(): number {
    const { verdict } = this.#judged;
    return verdict.type === 'remove' ? (verdict.deletes ?? []).length : 0;
  }
}

/** How the plan of a request is shown here. */
export function planLook(
  { isFull, isUndoable }: Pick<CleanRequest, 'isFull' | 'isUndoable'>,
  { terminal, config }: Pick<Shell, 'terminal' | 'config'>,
): PlanLook {
  return {
    colours: terminal.outColours,
    columns: terminal.columns(),
    isFull,
    undo: { isUndoable, forMs: config.undoMs, bytes: config.undoBytes },
  };
}

/** People know a repository by its working directory: `/src/app`, not `/src/app/.git`. */
export function workingDirectoryOf(gitDir: string | undefined): string | undefined {
  if (gitDir === undefined) return undefined;
  return basename(gitDir) === '.git' ? dirname(gitDir) : gitDir;
}
