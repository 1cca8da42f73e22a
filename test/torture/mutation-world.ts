import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { mergeCheckpoint, workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { durationMs } from '../helpers/duration.ts';
import { jobState, mapping } from '../helpers/job-artefacts.ts';
import { resumeLock, type LockHolder } from '../helpers/lock-artefact.ts';
import { worktreeMetadata } from '../helpers/metadata-artefact.ts';
import { orphanRegistry } from '../helpers/orphan-registry.ts';
import { msAgo, pretty, writeAged, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { session, type Session, type SessionSpec } from '../helpers/session-artefacts.ts';
import { nameStamp, stamp } from '../helpers/stamps.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { setTimes } from '../helpers/write-tree.ts';
import type { Bundle, Form, Stored } from './stored.ts';

/** Where no repository is, so that names are all there is to go by, as for most of a grown storage. */
const project = '/nowhere/src/app';

/** Bundles of every class, `each` of a kind, so old that only what protects them keeps them. */
export async function mutationWorld(
  home: ProdigyHome,
  each: number,
  livePid: number | undefined,
): Promise<readonly Bundle[]> {
  const bundles: Bundle[] = [];
  let hours = 40 * 24;
  for (let round = 0; round < each; round += 1) {
    for (const [name, make] of Object.entries(kindsOfBundle)) {
      hours += 2;
      const made = new Making(home, `${hours}h`, livePid);
      await make(made);
      bundles.push({ name: `${name} ${round}`, files: made.files(), items: made.items });
    }
  }
  await settle(home);
  return bundles;
}

/** Directories as old as what is in them, as if nobody had come by since. */
async function settle(home: ProdigyHome): Promise<void> {
  for (const kind of await readdir(home.root)) {
    const top = join(home.root, kind);
    for (const entry of await readdir(top, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) await setTimes(join(entry.parentPath, entry.name), msAgo(home, '300d'));
    }
  }
}

class Making {
  readonly items: string[] = [];
  readonly #files: { path: string; form: Form; keeps: readonly string[] | 'all' }[] = [];
  readonly home: ProdigyHome;
  readonly ago: string;
  readonly livePid: number | undefined;

  constructor(home: ProdigyHome, ago: string, livePid: number | undefined) {
    this.home = home;
    this.ago = ago;
    this.livePid = livePid;
  }

  files(): readonly Stored[] {
    return this.#files.map((file) => ({ ...file, keeps: file.keeps === 'all' ? this.items : file.keeps }));
  }

  /** @param keeps - `all` of the bundle's items stay while it is not understood, or those named */
  file(form: Form, path: string, keeps: readonly string[] | 'all'): string {
    this.#files.push({ path, form, keeps });
    return path;
  }

  item(path: string): string {
    this.items.push(path);
    return path;
  }

  async session(spec: Omit<SessionSpec, 'startedAgo'>): Promise<Session> {
    const made = await session(this.home, { startedAgo: this.ago, workingDirectory: project, ...spec });
    this.file('session', this.item(made.path), 'all');
    return made;
  }

  async checkpoint(id: string, status: string): Promise<string> {
    const spec = { session: id, ago: this.ago, status, workingDirectory: project };
    return this.file('checkpoint', await workflowCheckpoint(this.home, spec), 'all');
  }

  /** Event directory and log of an ordinary run. */
  async traces({ id }: Session): Promise<void> {
    // The process opens its event file before it writes its record.
    const startedAgo = `${durationMs(this.ago) + 4_000}ms`;
    const events = await eventDirectory(this.home, { repository: 'app', startedAgo, records: 3 });
    const [file = ''] = await readdir(this.item(events.path));
    this.file('events', join(events.path, file), []);
    const cwd = join(this.home.root, 'worktrees', 'app', id);
    this.file('log', this.item(await claudeLog(this.home, { cwd, startedAgo: this.ago })), []);
  }

  /** A worktree of which nothing can be proven: its directory alone. */
  async worktree(id: string): Promise<void> {
    const path = this.item(join(this.home.root, 'worktrees', 'app', id));
    await mkdir(path, { recursive: true });
    const spec = { repository: 'app', id, createdAgo: this.ago };
    this.file('metadata', await worktreeMetadata(this.home, spec), [path]);
  }

  async job(repository: string, complete: boolean, parentWorktree?: string): Promise<string> {
    const parent = parentWorktree === undefined ? {} : { parentWorktree };
    const spec = { repository, complete, updatedAgo: this.ago, ...parent };
    const { job, path } = await jobState(this.home, spec);
    this.item(path);
    this.file('job-metadata', join(path, 'metadata.json'), 'all');
    this.file('job-checkpoint', join(path, 'checkpoint-v3.json'), 'all');
    return job;
  }

  async letters(
    layout: 'doubled' | 'short',
    repository: string,
    job: string,
    mark: { readonly eligible?: boolean; readonly review?: boolean } = {},
  ): Promise<void> {
    const item = `item_${this.items.length}_${job}`;
    const letters = [{ item, lastAttemptAgo: this.ago, ...mark }];
    const path = this.item(await deadLetters(this.home, { layout, repository, job, letters }));
    const base = layout === 'doubled' ? join(path, 'mapreduce', 'dlq', job) : path;
    this.file('letter', join(base, 'items', `${item}.json`), [path]);
    this.file('letter-index', join(base, 'index.json'), [path]);
  }

  async mappings(repository: string, id: string, job: string, which: readonly number[]): Promise<void> {
    const paths = await mapping(this.home, { repository, session: id, job, ago: this.ago });
    for (const [index, path] of paths.entries()) {
      if (which.includes(index)) this.file('mapping', this.item(path), 'all');
      else await rm(path);
    }
  }

  async lock(id: string, holder: LockHolder, pid?: number): Promise<void> {
    const named = pid === undefined ? {} : { pid };
    this.file('lock', await resumeLock(this.home, { id, holder, ago: '2h', ...named }), 'all');
  }
}

type Make = (made: Making) => Promise<unknown>;

const kindsOfBundle: Readonly<Record<string, Make>> = {
  async finished(made) {
    const it = await made.session({ status: 'Completed', endedAgo: made.ago });
    await made.checkpoint(it.id, 'Completed');
    await made.traces(it);
  },
  async finishedJob(made) {
    const { id } = await made.session({ status: 'Completed', endedAgo: made.ago, mapreduce: true });
    const job = await made.job(id, true);
    await made.letters('doubled', id, job);
  },
  async resumable(made) {
    const it = await made.session({ status: 'Failed', endedAgo: made.ago });
    await made.checkpoint(it.id, 'Failed');
    await made.worktree(it.id);
    await made.traces(it);
  },
  async crashed(made) {
    const it = await made.session({ status: 'Running' });
    await made.checkpoint(it.id, 'Running');
    await made.traces(it);
  },
  async paused(made) {
    const it = await made.session({ status: 'Paused' });
    await made.traces(it);
  },
  async crashedJob(made) {
    const it = await made.session({ status: 'Running', mapreduce: true });
    const { id } = it;
    await made.worktree(id);
    const job = await made.job(id, false);
    await made.letters('doubled', id, job, { eligible: true });
    await made.mappings(`app-${id}`, id, job, [0, 1]);
    await made.traces(it);
  },
  failed: (made) => made.session({ status: 'Failed', endedAgo: made.ago }),
  dead: (made) => made.session({ status: 'Initializing' }),
  cancelled: (made) => made.session({ status: 'Cancelled', endedAgo: made.ago }),
  young: (made) => made.session({ status: 'Completed', endedAgo: '10d' }),
  justFinished: (made) => made.session({ status: 'Completed', endedAgo: '90m' }),
  completeJob: (made) => made.job('app', true),
  incompleteJob: (made) => made.job('app', false),
  async jobToRetry(made) {
    const job = await made.job('app', false);
    await made.letters('short', 'app', job, { eligible: true });
  },
  async lettersOfCompleteJob(made) {
    const job = await made.job('app', true);
    await made.letters('short', 'app', job, { review: true });
  },
  letters: (made) => made.letters('short', 'app', made.home.ids.job(msAgo(made.home, made.ago))),
  async mappedByJob(made) {
    const { id } = await made.session({ status: 'Paused' });
    const job = await made.job(`app-${id}`, true);
    await made.mappings(`app-${id}`, id, job, [1]);
  },
  async mappedBySession(made) {
    const { id } = await made.session({ status: 'Paused' });
    const job = await made.job(`app-${id}`, true);
    await made.mappings(`app-${id}`, id, job, [0]);
  },
  async parentKnown(made) {
    const { id } = await made.session({ status: 'Paused' });
    await made.job('app', true, join(made.home.root, 'worktrees', 'app', id));
  },
  async merging(made) {
    const it = await made.session({ status: 'Completed', endedAgo: made.ago });
    await made.checkpoint(it.id, 'Completed');
    await made.traces(it);
    const spec = { repository: 'app', worktree: it.id, ago: made.ago };
    made.file('merge-checkpoint', await mergeCheckpoint(made.home, spec), 'all');
  },
  async lockedElsewhere(made) {
    const it = await made.session({ status: 'Completed', endedAgo: made.ago });
    await made.checkpoint(it.id, 'Completed');
    await made.lock(it.id, 'foreign');
  },
  async lockOfDead(made) {
    const it = await made.session({ status: 'Completed', endedAgo: made.ago });
    await made.checkpoint(it.id, 'Completed');
    await made.traces(it);
    await made.lock(it.id, 'live', 0x3fff_ffff);
  },
  async lockOfLive(made) {
    const it = await made.session({ status: 'Completed', endedAgo: made.ago });
    await made.checkpoint(it.id, 'Completed');
    await made.traces(it);
    // Without a live Prodigy, this is one more lock of a host that cannot be asked.
    await made.lock(it.id, made.livePid === undefined ? 'foreign' : 'live', made.livePid);
  },
  async checkpointAlone(made) {
    const id = made.home.ids.workflow(msAgo(made.home, made.ago));
    made.item(dirname(await made.checkpoint(id, 'Running')));
  },
  async checkpointInDirectory(made) {
    const { id, path } = await made.session({ status: 'Running' });
    const source = await workflowCheckpoint(made.home, {
      session: `${id}x`,
      ago: made.ago,
      workingDirectory: project,
    });
    const content = await readFile(source);
    await rm(dirname(dirname(source)), { recursive: true });
    const directory = join(dirname(path), id);
    await writeAged(join(directory, 'checkpoint.json'), content, msAgo(made.home, made.ago));
    made.file('checkpoint', join(directory, 'checkpoint.json'), 'all');
  },
  libraryJob: (made) => library(made, 'Complete', 'json'),
  libraryJobZipped: (made) => library(made, 'Complete', 'gz'),
  libraryJobOpen: (made) => library(made, 'Reduce', 'json'),
  reduced: (made) => reduced(made, 4),
  reducing: (made) => reduced(made, 1),
  async registry(made) {
    const job = made.home.ids.job(msAgo(made.home, made.ago));
    const entries = [{ path: project, agent: 1 }];
    const path = await orphanRegistry(made.home, { repository: `r-${job}`, job, ago: made.ago, entries });
    made.file('registry', path, []);
  },
  async youngTraces(made) {
    const at = { repository: 'app', startedAgo: `${5 * 24 + made.items.length}h`, records: 2 };
    const events = await eventDirectory(made.home, at);
    const [file = ''] = await readdir(made.item(events.path));
    made.file('events', join(events.path, file), []);
    made.file('log', made.item(await claudeLog(made.home, { cwd: project, startedAgo: '3d' })), []);
  },
};

async function library(made: Making, phase: string, format: 'json' | 'gz'): Promise<void> {
  const { home, ago } = made;
  const atMs = msAgo(home, ago);
  const job = home.ids.job(atMs);
  const path = made.item(join(home.dataRoot, 'state', 'app', job));
  const text = pretty({
    metadata: {
      checkpoint_id: `cp-${home.ids.uuid()}`,
      job_id: job,
      version: 1,
      created_at: stamp(atMs),
      phase,
      total_work_items: 4,
      completed_items: 4,
      checkpoint_reason: 'PhaseTransition',
      integrity_hash: '',
    },
  });
  const name = `cp-${home.ids.uuid()}.checkpoint.${format}`;
  const content = format === 'gz' ? gzipSync(text) : text;
  const file = await writeAged(join(path, 'mapreduce', 'checkpoints', name), content, atMs);
  made.file('library-checkpoint', file, 'all');
}

async function reduced(made: Making, done: number): Promise<void> {
  const { home, ago } = made;
  const atMs = msAgo(home, ago);
  const path = made.item(join(home.dataRoot, 'state', 'reduce_checkpoints', home.ids.job(atMs)));
  const text = pretty({
    version: 1,
    completed_steps: done,
    total_steps: 4,
    step_results: [],
    variables: {},
    map_results: [],
    timestamp: stamp(atMs),
  });
  const name = `reduce-checkpoint-v1-${nameStamp(atMs)}.json`;
  made.file('reduce-checkpoint', await writeAged(join(path, name), text, atMs), 'all');
}
