import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repositoryTop } from '../test/helpers/run-prodigy.ts';

/** Where and with what it was measured. */
export type Machine = {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Type and device of the file system below the directory of the measurement. */
  readonly fileSystem: string;
  readonly node: string;
  readonly git: string;
  readonly coreutils: string;
  readonly tool: string;
  readonly caches: 'dropped' | 'warm';
  /** Of the last minute, before anything was measured. */
  readonly load: number;
};

export function readMachine(directory: string, canDropCaches: boolean): Machine {
  const { version } = JSON.parse(readFileSync(join(repositoryTop(), 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return {
    date: new Date().toISOString(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    fileSystem: fileSystemOf(directory),
    node: process.versions.node,
    git: firstLine('git', ['--version']).replace('git version ', ''),
    coreutils: /[\d.]+$/.exec(firstLine('rm', ['--version']))?.[0] ?? 'unknown',
    tool: [version, commit()].join(' '),
    caches: canDropCaches ? 'dropped' : 'warm',
    load: loadavg()[0] ?? 0,
  };
}

/** More than a tenth of a core is at work on something else. */
export function isBusy({ load, cores }: Machine): boolean {
  return load > cores / 10;
}

function fileSystemOf(directory: string): string {
  const [, type = 'unknown', device = 'unknown'] =
    /\n(\S+)\s+(\S+)/.exec(output('df', ['--output=fstype,source', directory])) ?? [];
  return `${type} on ${device}`;
}

function commit(): string {
  const hash = firstLine('git', ['-C', repositoryTop(), 'rev-parse', '--short', 'HEAD']);
  const isChanged =
    output('git', ['-C', repositoryTop(), 'status', '--porcelain', '--', 'src', 'bin']) !== '';
  return isChanged ? `${hash}, changed` : hash;
}

function firstLine(command: string, args: readonly string[]): string {
  return output(command, args).split('\n')[0] ?? '';
}

function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
