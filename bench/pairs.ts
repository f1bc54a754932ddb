// Two engines in processes of their own, frame by frame in turns.

/** Pairs of frames take about this long. */
const PAIRS_MS = 20_000;

/** Milliseconds of one and of the other, after one turn that warms up and says how many there is time for. */
export async function inTurns(
  one: () => Promise<number>,
  other: () => Promise<number>,
  { runs, least }: { readonly runs: number | undefined; readonly least: number },
): Promise<[number, number][]> {
  const pair = async (): Promise<[number, number]> => [await one(), await other()];
  const [a, b] = await pair();
  const n = runs ?? Math.max(least, Math.min(50, Math.ceil(PAIRS_MS / (a + b))));
  const pairs: [number, number][] = [];
  for (let turn = 0; turn < n; turn++) pairs.push(await pair());
  return pairs;
}
