import { packageVersion } from '../../version.ts';
import type { CommandPage } from '../../ui/command-page.ts';
import { program, type Actions } from '../program.ts';
import { pageOf } from './taught.ts';

/** The whole tree as data, from a program whose commands are never called. */
export function treeOf(): { readonly root: CommandPage; readonly version: string } {
  const version = packageVersion();
  return { root: pageOf(program(version, {} as Actions)), version };
}
