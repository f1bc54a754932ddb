// Two engines in processes of their own, frame by frame in turns.

/** Pairs of frames take about this long. */
const PAIRS_MS = 20_000;

/** Milliseconds of one and of the other. The first turn says how many there is time for, and is no more than warming up unless it `counts`. */
export async function inTurns(
  one: () => Promise<number>,
  other: () => Promise<number>,
  { runs, least, counts = false }: { readonly runs: number | undefined; readonly least: number; readonly counts?: boolean },
): Promise<[number, number][]> {
  const pair = async (): Promise<[number, number]> => [await one(), await other()];
  const first = await pair();
  const n = runs ?? Math.max(least, Math.min(50, Math.ceil(PAIRS_MS / (first[0] + first[1]))));
  const pairs = counts ? [first] : [];
  while (pairs.length < n) pairs.push(await pair());
  return pairs;
}
