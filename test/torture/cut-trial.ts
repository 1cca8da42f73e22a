import { join } from 'node:path';
import { seeded } from './random.ts';
import type { Trial, Violation } from './suite.ts';
import type { Ran } from '../helpers/run-prodigy.ts';
import { acknowledgedIn } from './acknowledged.ts';
import { afterCut, afterResume, journalOn, prodigy, type CutWorld } from './cut-world.ts';
import { format, hasXfs, mountDisk, type DiskType } from './loop-disk.ts';

const all = ['--all', '--all-repos', '--force', '--jsonl'];

/**
 * Runs the program on a storage and cuts the power at a step of it; restarts, looks, and lets a resume or another run
 * go on, whose power may be cut as well; in the end nothing cuts it, and everything is where it belongs.
 *
 * @param isSplit - the journal lies on a file system of its own, and either of the two may be cut
 */
export async function cutTrial(
  seed: number,
  directory: string,
  world: CutWorld,
  isSplit: boolean,
): Promise<Trial> {
  const random = seeded(seed);
  const type: DiskType = hasXfs() && random.chance(0.25) ? 'xfs' : 'ext4';
  const template = await world.template(type, random.chance(0.25));
  const { shop, steps } = template;
  const image = join(directory, 'items');
  template.copyTo(image);
  const items = mountDisk(image, world.mountAt);
  const second = isSplit ? mountSecond(join(directory, 'journal'), world.secondAt, type) : undefined;
  const journal = second === undefined ? join(shop.home.root, 'clean', 'journal') : journalOn(second.path);
  const env = second === undefined ? {} : { PRODIGY_CLEAN_JOURNAL_DIR: journal };

  const violations: Violation[] = [];
  const told: Ran[] = [];
  const undo = random.chance(0.7) ? ['--no-undo'] : [];
  let cuts = 0;
  try {
    for (let wanted = 1 + random.below(3); wanted > 0; wanted -= 1) {
      const target = second !== undefined && random.chance(0.3) ? second : items;
      // A disk may go while the program lives on: every write fails then, until it gives up.
      const isOutlived = random.chance(0.2);
      const at = cuts === 0 ? 1 + random.below(Math.ceil(steps * 1.1)) : 1 + random.below(steps);
      const args = cuts > 0 && random.chance(0.5) ? ['resume', '--jsonl'] : [...all, ...undo];
      const ran = await prodigy(shop, args, {
        ...env,
        STEP_AT: String(at),
        STEP_CUT: target.path,
        ...(isOutlived ? {} : { STEP_KILL: '1' }),
      });
      told.push(ran);
      if (ran.exitCode === 70) violations.push({ rule: 'defect', detail: ran.stderr });
      // Perhaps it ended before that step: then the power is cut right after.
      target.cut();
      items.restart();
      second?.restart();
      cuts += 1;
      violations.push(...(await afterCut(template, journal, told)));
    }
    // What was held for undo is freed by whoever resumes without it.
    for (const args of [
      [...all, '--no-undo'],
      ['resume', '--jsonl'],
    ]) {
      const ran = await prodigy(shop, args, env);
      told.push(ran);
      if (ran.exitCode !== 0) violations.push({ rule: 'P5', detail: `${args.join(' ')}: ${ran.stderr}` });
    }
    violations.push(...(await afterResume(template, journal, told)));
  } finally {
    items.unmount();
    second?.unmount();
  }
  return { violations, counts: { cuts, entries: told.flatMap(acknowledgedIn).length } };
}

function mountSecond(image: string, at: string, type: DiskType): ReturnType<typeof mountDisk> {
  format(image, type, 32);
  return mountDisk(image, at);
}
