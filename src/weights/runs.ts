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
