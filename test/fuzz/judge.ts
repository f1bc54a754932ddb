// A mutant is read, or refused with one of our errors, quickly and in little memory; and what is read is what others read.
import { AtrousError } from '../../src/errors.ts';
import { blind, sequence } from './mutate.ts';
import type { Reader } from './readers.ts';

/** Beyond the file. */
export const LIMIT_BYTES = 64e6;
/** A busy machine is slow by chance; what is slow by nature is slow each time. */
const TRIES = 5;
/** Of a message. */
const LONGEST = 300;
/** Control characters rewrite a terminal; those that turn the direction of writing make a name look like another. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

interface Cost {
  readonly ms: number;
  readonly bytes: number;
  /** What was wrong with the outcome, or null. */
  readonly fault: string | null;
  readonly read: boolean;
}

/** One mutant: which it is, whether it was read, and what was wrong, or null. */
export interface Verdict {
  readonly title: string;
  readonly read: boolean;
  readonly fault: string | null;
}

/** Mutant `index` of a reader's; everything follows from the numbers. */
export async function judge(reader: Reader, seed: number, index: number): Promise<Verdict> {
  const { title, bytes, aimed } = reader.specimens[(index >> 1) % reader.specimens.length];
  const random = sequence(seed, index);
  const mutant = index % 2 ? aimed(bytes, random) : blind(bytes, random);
  const cost = await examine(reader, mutant, true);
  return { title: `${title}, ${mutant.length} bytes`, read: cost.read, fault: cost.fault };
}

/** The least that several tries cost. `timed`: whether time counts too. */
export async function examine(reader: Reader, mutant: Uint8Array, timed: boolean): Promise<Cost> {
  const most = LIMIT_BYTES + mutant.length;
  const isDear = ({ ms, bytes }: Cost): boolean => bytes > most || (timed && ms > reader.limit);
  let best = await once(reader, mutant);
  for (let tries = 1; tries < TRIES && isDear(best); tries++) {
    const again = await once(reader, mutant);
    best = { ...again, ms: Math.min(best.ms, again.ms), bytes: Math.min(best.bytes, again.bytes) };
  }
  if (best.fault !== null || !isDear(best)) return best;
  return { ...best, fault: `took ${best.ms.toFixed(0)} ms and ${best.bytes} bytes in each of ${TRIES} tries` };
}

async function once({ read, codes, compare }: Reader, mutant: Uint8Array): Promise<Cost> {
  const before = used();
  const start = performance.now();
  let found: unknown;
  let thrown: unknown;
  try {
    found = await read(mutant);
  } catch (error) {
    thrown = error ?? 'nothing';
  }
  const cost = { ms: performance.now() - start, bytes: used() - before, read: thrown === undefined };
  if (thrown !== undefined) return { ...cost, fault: faultOf(thrown, codes) };
  return { ...cost, fault: (await compare?.(mutant, found).catch(error => `the comparison failed: ${error?.stack}`)) ?? null };
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What is wrong with an error that a reader throws, or null. */
export function faultOf(thrown: unknown, codes: Reader['codes']): string | null {
  if (!(thrown instanceof AtrousError)) return `threw ${thrown instanceof Error ? thrown.stack : thrown}`;
  const { code, message } = thrown;
  if (!codes.includes(code)) return `refused with ${code} ${message}`;
  if (!message.includes('file')) return `refused without the file's name: ${message}`;
  if (unprintable.test(message)) return `refused with what moves a cursor: ${JSON.stringify(message)}`;
  return message.length > LONGEST ? `refused in ${message.length} characters: ${message}` : null;
}
