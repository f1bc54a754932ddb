// What results depend on beside the pictures: a run that goes on where another stopped must have been started with the same.
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AtrousError } from '../errors.ts';
import { checkFacts, type Facts } from '../eval/state.ts';
import { thresholdOf } from '../front/options.ts';
import { printSize } from '../image/size.ts';
import type { LoadedWeights } from '../load.ts';
import { writeAtomic } from '../node/files.ts';
import type { Tensors } from '../weights/tensor.ts';
import { type Arguments, insideOf, precisionOf, variantsOf } from './command.ts';

/** Of a model and the options that change pixels. Hashes the weights, which may be half a gigabyte. */
export function settingsOf({ tensors, stored, card, network }: LoadedWeights, args: Arguments): Facts {
  const inside = insideOf(args);
  const { size, tile = 'published' } = inside;
  const threshold = thresholdOf(network, inside);
  return {
    network: network.canonical,
    weights: stored ? hashFiles(stored) : hashTensors(tensors),
    classes: card.classes.join(', '),
    preprocessing: JSON.stringify(card.preprocessing),
    size: size ? printSize({ h: size.height, w: size.width }) : 'own',
    tile: JSON.stringify(tile),
    ...(threshold !== null && { threshold: String(threshold), activation: network.end.activation ?? 'sigmoid' }),
    // As asked: what `auto` stands for may differ by machine, within what the self-test allows.
    precision: precisionOf(args),
    variants: String(variantsOf(args)),
  };
}

function hashFiles(files: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file);
  return hash.digest('hex');
}

function hashTensors(tensors: Tensors): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, bytes } = tensors.get(name)!;
    hash.update(JSON.stringify([name, dtype, shape])).update(bytes);
  }
  return hash.digest('hex');
}

/** The settings that a folder's results were made with, kept beside them. */
export interface FolderRecord {
  /** False where a run left none, or there was no run. */
  readonly known: boolean;
  /** To be called before the first result is written. */
  begin(): Promise<void>;
  /** To be called when no picture is left to be done. */
  end(): Promise<void>;
}

/** What a file of settings holds: those, and, while no run with `--resume` counts on them, which run they are of. */
interface Stored {
  readonly facts: Facts;
  readonly run: string | null;
}

/**
 * Runs with `--resume` leave a record; any other only updates one that is there, and has one of its own while it might be killed, if it is of `several`
 * pictures. Several runs may share the folder: a record is removed only by the run that it is of, and none is written over unread. `others`: results
 * are there already. Throws `BAD_USAGE` for a run with `--resume` whose settings are not those of the record.
 */
export async function openRecord(
  folder: string,
  settings: () => Facts,
  { resume, several, others }: { readonly resume: boolean; readonly several: boolean; readonly others: boolean },
): Promise<FolderRecord> {
  const file = join(folder, '.atrous.json');
  const known = await readRecord(file);
  if (!known && !resume && !several) return { known: false, begin: async () => {}, end: async () => {} };
  const now = settings();
  const check = (record: Stored | null): void => {
    const next = `choose another folder with --output, or remove ${file} once all is made anew without --resume`;
    if (record && resume) checkFacts(record.facts, now, `what is in ${folder} was`, next);
  };
  check(known);
  // What is there of a run that left no record may be of any settings.
  const before = known?.facts ?? (others && !resume ? {} : now);
  const run = randomUUID();
  return {
    known: known !== null,
    async begin() {
      // Another run may have begun meanwhile.
      const latest = await readRecord(file);
      check(latest);
      const facts = mixed(latest?.facts ?? before, now);
      // Who counts on the record keeps it; else it is of the run that came last, unless that leaves something of the one before.
      const lasting = resume || (latest !== null && (latest.run === null || !same(latest.facts, facts)));
      await writeAtomic(file, `${JSON.stringify(lasting ? facts : { ...facts, run })}\n`);
    },
    async end() {
      if ((await readRecord(file))?.run === run) await rm(file, { force: true });
    },
  };
}

function same(a: Facts, b: Facts): boolean {
  return Object.keys({ ...a, ...b }).every(key => a[key] === b[key]);
}

/** Where results of other settings stay beside new ones, no run can go on. */
function mixed(known: Facts, settings: Facts): Facts {
  const keys = [...new Set([...Object.keys(known), ...Object.keys(settings)])];
  return Object.fromEntries(keys.map(key => [key, known[key] === settings[key] ? settings[key] : 'several, one after another']));
}

async function readRecord(file: string): Promise<Stored | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const record = JSON.parse(text);
    if (typeof record === 'object' && record !== null && typeof record.weights === 'string') {
      const { run = null, ...facts } = record;
      return { facts, run };
    }
  } catch {
    // Not JSON, or no settings: the same answer.
  }
  throw new AtrousError('BAD_USAGE', `${file} is no record of settings: remove it, or choose another folder with --output`);
}
