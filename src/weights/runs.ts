// Class maps as runs of equal pixels, value and length: short enough for a card, and for JSON.
/** Class map → runs. */
export function encodeRuns(classes: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  for (const value of classes) {
    const last = runs.at(-1);
    if (last?.[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs;
}

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
