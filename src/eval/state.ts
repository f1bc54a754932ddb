// What is known of an evaluation that was stopped: the matrix of every picture that is done, and all that the numbers depend on.

import { AtrousError, describe } from '../errors.ts';
import type { Confusion } from './confusion.ts';

/** A picture that is done. */
export interface Done {
  /** Of the bytes of picture and label. */
  readonly sha256: string;
  readonly confusion: Confusion;
}

/** All that a result depends on beside the pictures: weights, classes, options, adapter; name → value in words. */
export type Facts = Readonly<Record<string, string>>;

interface Stored {
  readonly facts: Facts;
  readonly classes: number;
  /** `confusion` holds only what is not 0, as `place in the matrix, count` pairs. */
  readonly pictures: Record<string, { sha256: string; ignored: number; confusion: [place: number, count: number][] }>;
}

export function printState(facts: Facts, classes: number, done: ReadonlyMap<string, Done>): string {
  const pictures: Stored['pictures'] = Object.create(null);
  for (const [name, { sha256, confusion }] of done) {
    const cells = [...confusion.counts.entries()].filter(([, count]) => count > 0);
    pictures[name] = { sha256, ignored: confusion.ignored, confusion: cells };
  }
  return `${JSON.stringify({ facts, classes, pictures } satisfies Stored)}\n`;
}

/**
 * The pictures that a state file says are done. Throws `BAD_USAGE` when it was made under other facts (both are said) or is no such
 * file. `file` is its name for messages.
 */
export function parseState(text: string, file: string, facts: Facts, classes: number): Map<string, Done> {
  const next = 'remove the file, or choose another folder with --output';
  const broken = (why: string): never => {
    throw new AtrousError('BAD_USAGE', `${file} is no state of an evaluation (${why}): ${next}`);
  };
  let state: Stored;
  try {
    state = JSON.parse(text);
  } catch (error) {
    return broken(describe(error));
  }
  if (!isRecord(state) || !isRecord(state.facts) || !isRecord(state.pictures)) return broken('"facts" or "pictures" is missing');
  checkFacts(state.facts, facts, `${file} was`, next);
  const isCount = (value: unknown, below: number): boolean =>
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < below;
  return new Map(
    Object.entries(state.pictures).map(([name, picture]) => {
      if (!isRecord(picture)) return broken(`"${name}" is no object`);
      const { sha256, ignored, confusion } = picture;
      const counts = new Float64Array(classes * classes);
      const whole = isCount(ignored, Number.MAX_SAFE_INTEGER) && typeof sha256 === 'string' && Array.isArray(confusion);
      if (!whole) broken(`"${name}" lacks sha256, ignored or confusion`);
      for (const [place, count] of confusion) {
        if (!isCount(place, counts.length) || !isCount(count, Number.MAX_SAFE_INTEGER))
          broken(`"${name}" has a cell ${place}, ${count}`);
        counts[place] = count;
      }
      return [name, { sha256, confusion: { classes, counts, ignored } }];
    }),
  );
}

/** Throws `BAD_USAGE` for the first fact that is another now. `what` was made with the old ones, and `next` is what can be done. */
export function checkFacts(old: Facts, now: Facts, what: string, next: string): void {
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (old[key] === now[key]) continue;
    throw new AtrousError(
      'BAD_USAGE',
      `--resume: ${what} made with ${key} ${old[key] ?? 'unknown'}, and now it is ${now[key] ?? 'unknown'}: ${next}`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
