import type { ExecutionContext } from 'ava';
import { json, type RunOptions } from '../helpers/run-prodigy.ts';
import { assertSame, fingerprint } from '../helpers/tree.ts';
import { clean, type Shop } from './shop.ts';

export type Found = {
  readonly sort: string;
  readonly type: string;
  readonly path: string;
  readonly severity: 'info' | 'warning' | 'problem';
  readonly detail: string;
  readonly matters: string;
  readonly next: string;
};

export type Report = {
  readonly exitCode: number;
  readonly findings: readonly Found[];
  readonly counts: Readonly<Record<Found['severity'], number>>;
  readonly journal: null | { readonly entries: number; readonly checked: string };
  readonly runUnderWay: boolean;
};

/** `clean doctor --json --detailed-exitcode`, which must leave home and repositories as they are, to the byte. */
export async function doctor(t: ExecutionContext, shop: Shop, options: RunOptions = {}): Promise<Report> {
  const before = fingerprint(shop.top);
  const ran = await clean(shop, ['doctor', '--json', '--detailed-exitcode'], options);
  assertSame(t, before, fingerprint(shop.top));
  const report = json(ran) as unknown as Report;
  t.is(ran.exitCode, report.exitCode, ran.stderr);
  for (const { detail, matters, next } of report.findings) {
    for (const text of [detail, matters, next]) {
      t.not(text, '');
      t.notRegex(text, /\n|undefined/);
    }
  }
  return report;
}

/** The findings of one type, by path. */
export function ofType({ findings }: Report, type: string): Readonly<Record<string, Found>> {
  return Object.fromEntries(findings.filter((one) => one.type === type).map((one) => [one.path, one]));
}

/** `type path` of each finding, sorted. */
export function namesOf({ findings }: Report): readonly string[] {
  return findings.map(({ type, path }) => `${type} ${path}`).sort();
}
