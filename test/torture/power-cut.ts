import { cutTrial } from './cut-trial.ts';
import { cutWorld, type CutWorld } from './cut-world.ts';
import { cutHindrance } from './loop-disk.ts';
import type { Suite } from './suite.ts';

let world: CutWorld | undefined;

export const suite: Suite = {
  id: 'T4',
  title: 'power cut, journal and items on one file system',
  trials: 100,
  slice: 3,
  hindrance: () => Promise.resolve(cutHindrance()),
  trial: (seed, directory) => cutTrial(seed, directory, (world ??= cutWorld()), false),
  close: async () => {
    world?.close();
    world = undefined;
  },
};
