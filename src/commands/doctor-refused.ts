import { readConfig, type Environment } from '../config.ts';
import { doctorDocument, doctorText, type DoctorView } from '../ui/doctor-text.ts';
import { explain } from '../ui/explain.ts';
import { findingOf } from '../ui/oddity-words.ts';
import { openTerminal } from '../ui/terminal.ts';
import type { DoctorFlags } from './doctor.ts';
import { exitCodes } from './outcome.ts';

/** Why a root is refused that the environment names well: then what is odd is on the disk. */
const onDisk: readonly string[] = ['symlink', 'own-symlink', 'not-a-directory', 'not-prodigy', 'unreadable'];

/** The report on a storage root that every command refuses; `undefined` when none is. Nothing in it is looked at. */
export function doctorOfRefused(environment: Environment, flags: DoctorFlags): number | undefined {
  const config = readConfig(environment);
  if (config.isOk() || config.error.type === 'usage' || !onDisk.includes(config.error.why)) return undefined;
  const path = config.error.value ?? '';
  const { sentence, next } = explain(config.error);
  const finding = findingOf({ type: 'root-refused', path, detail: sentence, next });
  const view: DoctorView = {
    roots: [],
    firstRoot: path,
    findings: [finding],
    journalEntries: undefined,
    isBusy: false,
  };
  const { code } = exitCodes.usage;
  const { out, outColours } = openTerminal(flags.color === false ? 'never' : 'auto', false);
  out(
    flags.json === true
      ? `${JSON.stringify(doctorDocument(view, code), null, 2)}\n`
      : doctorText(view, false, outColours),
  );
  return code;
}
