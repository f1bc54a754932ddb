// Who judged how much: a test counts its checks, its process prints the sums as it ends, and the runner adds them up.

/** Reference: PyTorch's frozen numbers. The others are in judges.ts. */
export type JudgeName = 'reference' | 'interpreter' | 'compiler' | 'device';

/** The lines that the runner looks for. */
export const JUDGED = /^judged: (\w+) \| (.*) \| (\d+)$/;
export const MISSING = /^skipped: judge (\w+) is missing: (.*)$/;

const sittings = new Map<string, number>();
process.on('exit', () => {
  for (const [judge, checks] of sittings) console.log(`judged: ${judge} | ${checks}`);
});

/** Counts a check; `who` is the judge in words. */
export function sat(name: JudgeName, who: string): void {
  const key = `${name} | ${who}`;
  sittings.set(key, (sittings.get(key) ?? 0) + 1);
}
