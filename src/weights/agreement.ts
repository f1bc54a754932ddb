// How far a class map is the one that a card's runs say.

/** Share of pixels that equal the runs. */
export function agreement(classes: Uint8Array, runs: readonly (readonly [number, number])[]): number {
  let equal = 0;
  let at = 0;
  for (const [value, run] of runs) {
    for (const end = at + run; at < end; at++) equal += Number(classes[at] === value);
  }
  return equal / classes.length;
}

/** Where a class map is another than its runs, in their order. */
export interface Difference {
  readonly at: number;
  readonly expected: number;
  readonly found: number;
}

export function firstDifference(classes: Uint8Array, runs: readonly (readonly [number, number])[]): Difference | null {
  let at = 0;
  for (const [expected, run] of runs) {
    for (const end = at + run; at < end; at++) if (classes[at] !== expected) return { at, expected, found: classes[at] };
  }
  return null;
}
