import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { StoredEntry } from '../../migrations/0001-first-schema.ts';
import { invariant } from '../model/invariant.ts';
import type { Actor, Entry } from './entry.ts';
import type { Event } from './event.ts';
import { toEvent, wrongIn } from './event-shape.ts';
import { isRecord } from './shape.ts';
import { fromIso, toIso } from './timestamp.ts';
import { typeVersion, upcastEntry } from './upcast.ts';

const envelopeVersion = 1;

/**
 * The text of an entry as it is stored and hashed (JOURNAL 7.3). A malformed event is a defect of its maker.
 *
 * Put together from the texts of its parts: a run makes three entries an item, and what they share is turned into text
 * once.
 */
export function encodeEntry({ seq, id, atMs, run, op, cause, actor, event }: Entry): string {
  const { type } = event;
  const wrong = wrongIn(type, event);
  invariant(wrong === undefined, wrong === undefined ? '' : `${type} may not be written: data${wrong}`);
  const place = `{"v":${envelopeVersion},"seq":${seq},"id":${idText(id)}`;
  const what = `"type":"${type}","tv":${typeVersion(type)},"at":"${toIso(atMs)}"`;
  const ofRun = run === undefined ? '' : `"run":${runText(run)},`;
  const ofOp = op === undefined ? '' : `"op":${idText(op)},`;
  const after = cause === undefined ? '' : `"cause":${cause},`;
  return `${place},${what},${ofRun}${ofOp}${after}"actor":${actorText(actor)},"data":${dataText(event)}}`;
}

/** As JSON: ids are made of what need not be escaped, or nearly all are. */
function idText(id: string): string {
  return plainId.test(id) ? `"${id}"` : JSON.stringify(id);
}

const plainId = /^[\w-]*$/;

const runText = remembered<string>(JSON.stringify);
const actorText = remembered<Actor>(JSON.stringify);

/** Asked the same as the last time, it answers the same. */
function remembered<Value>(textOf: (value: Value) => string): (value: Value) => string {
  let last: { readonly value: Value; readonly text: string } | undefined;
  return (value) => {
    if (last?.value !== value) last = { value, text: textOf(value) };
    return last.text;
  };
}

/** Of equal texts that follow each other the first: rows that are made of a hundred thousand entries share it. */
const lastRun = remembered<string>((run) => run);

/** An event without its type. Nearly all begin with it: then it is cut off, which is cheaper than a copy without it. */
function dataText(event: Event): string {
  const whole = JSON.stringify(event);
  const first = `{"type":"${event.type}"`;
  if (whole.startsWith(`${first},`)) return `{${whole.slice(first.length + 1)}`;
  const { type: _, ...data } = event;
  return JSON.stringify(data);
}

/** The entry in a stored text, brought up to date and checked; else what is wrong with it. */
export function decodeEntry(text: string): Result<Entry, string> {
  const parsed = parse(text);
  if (parsed === undefined) return err('no JSON object');
  if (parsed['v'] !== envelopeVersion) return err(`unknown envelope version ${JSON.stringify(parsed['v'])}`);
  const { type, tv } = parsed;
  if (typeof type !== 'string') return err('type: no string');
  if (!isCount(tv)) return err('tv: no number');
  const stored = upcastEntry(parsed, type, tv);
  if (stored === undefined) return err(`unknown version ${tv} of ${type}`);
  return toEntry(stored);
}

function toEntry({ seq, id, type, at, run, op, cause, actor, data }: StoredEntry): Result<Entry, string> {
  if (!isCount(seq)) return err('seq: no number');
  if (typeof id !== 'string') return err('id: no string');
  if (typeof type !== 'string') return err('type: no string');
  const atMs = typeof at === 'string' ? fromIso(at) : undefined;
  if (atMs === undefined) return err('at: no time');
  if (run !== undefined && typeof run !== 'string') return err('run: no string');
  if (op !== undefined && typeof op !== 'string') return err('op: no string');
  if (cause !== undefined && !isCount(cause)) return err('cause: no number');
  if (!isActor(actor)) return err('actor: no actor');
  const wrong = wrongIn(type, data);
  if (wrong !== undefined) return err(`data${wrong}`);
  if (!isRecord(data)) return err('data: no object');
  return ok({
    seq,
    id,
    atMs,
    ...(run === undefined ? {} : { run: lastRun(run) }),
    ...(op === undefined ? {} : { op }),
    ...(cause === undefined ? {} : { cause }),
    actor,
    event: toEvent(type, data),
  });
}

function parse(text: string): StoredEntry | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isActor(value: unknown): value is Actor {
  return isRecord(value) && typeof value['uid'] === 'number' && typeof value['tool'] === 'string';
}
