import { join } from 'node:path';
import { msAgo, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { nameStamp, stamp } from './stamps.ts';
import { setTimes } from './write-tree.ts';

export type EventsSpec = {
  /** First level below `events`: a repository's name, or the session's id for a MapReduce or resumed run. */
  readonly repository: string;
  /** Second level: a made-up session id unless told; a job's id for a MapReduce run. */
  readonly id?: string;
  /** The start of the process: in the file's name, and the file's time unless something was flushed. */
  readonly startedAgo: string;
  /** When the last batch was flushed. */
  readonly endedAgo?: string;
  /** 0 unless told: most files are empty, because only whole batches are flushed. */
  readonly records?: number;
  /** Adds a rotated part, plain text despite its `.gz`. */
  readonly rotated?: boolean;
  readonly pid?: number;
};

/** `events/<repository>/<id>/events-<start>.jsonl`. Answers the directory. */
export async function eventDirectory(
  home: ProdigyHome,
  spec: EventsSpec,
): Promise<{ readonly path: string; readonly id: string }> {
  const startedAtMs = msAgo(home, spec.startedAgo);
  const endedAtMs = msAgo(home, spec.endedAgo ?? spec.startedAgo);
  const id = spec.id ?? home.ids.session();
  const path = join(home.dataRoot, 'events', spec.repository, id);
  const name = `events-${nameStamp(startedAtMs)}`;
  const records = eventRecords(home, spec.records ?? 0, endedAtMs, spec.pid ?? 48_213);
  await writeAged(join(path, `${name}.jsonl`), records, endedAtMs);
  if (spec.rotated === true) {
    const rotatedAtMs = startedAtMs + 1_000;
    const old = eventRecords(home, 3, rotatedAtMs, spec.pid ?? 48_213);
    await writeAged(join(path, `${name}.${nameStamp(rotatedAtMs)}.jsonl.gz`), old, rotatedAtMs);
  }
  await setTimes(path, startedAtMs);
  return { path, id };
}

export type ClaudeLogSpec = {
  /** Where Claude worked: the link to a session. Without it there is no init line, as in old versions. */
  readonly cwd?: string;
  readonly startedAgo: string;
  readonly endedAgo?: string;
  /** Lines after the first. */
  readonly lines?: number;
  /** Instead of Prodigy's form. */
  readonly name?: string;
};

/** `logs/claude-streaming/<start>-<uuid>.jsonl`, written when the command had ended. */
export async function claudeLog(home: ProdigyHome, spec: ClaudeLogSpec): Promise<string> {
  const startedAtMs = msAgo(home, spec.startedAgo);
  const endedAtMs = msAgo(home, spec.endedAgo ?? spec.startedAgo);
  const name = spec.name ?? `${nameStamp(startedAtMs)}-${home.ids.uuid()}.jsonl`;
  const claude = home.ids.uuid();
  const lines: unknown[] = [];
  if (spec.cwd !== undefined) {
    lines.push({
      type: 'system',
      subtype: 'init',
      cwd: spec.cwd,
      session_id: claude,
      tools: ['Bash', 'Edit', 'Read'],
      mcp_servers: [],
      model: 'claude-sonnet-4',
      permissionMode: 'bypassPermissions',
      apiKeySource: 'none',
    });
  }
  for (let index = 0; index < (spec.lines ?? 3); index += 1) {
    const content = [{ type: 'text', text: `Step ${index}: reading the code, then changing it. `.repeat(4) }];
    lines.push({ type: 'assistant', message: { role: 'assistant', content }, session_id: claude });
  }
  lines.push({ type: 'result', subtype: 'success', is_error: false, session_id: claude });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return writeAged(join(home.root, 'logs', 'claude-streaming', name), text, endedAtMs);
}

function eventRecords(home: ProdigyHome, count: number, lastAtMs: number, pid: number): string {
  return Array.from({ length: count }, (_, index) => {
    const atMs = lastAtMs - (count - 1 - index) * 10;
    const record = {
      id: home.ids.uuid(),
      timestamp: stamp(atMs),
      correlation_id: home.ids.uuid(),
      event: {
        event_type: 'claude_tool_invoked',
        agent_id: 'agent-default',
        tool_name: 'Edit',
        tool_id: `toolu_${index}`,
        parameters: { file_path: '/x' },
        timestamp: stamp(atMs),
      },
      metadata: { host: 'localhost', pid, thread: 'main' },
    };
    return `${JSON.stringify(record)}\n`;
  }).join('');
}
