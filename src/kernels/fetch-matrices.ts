// Rows for adapters with subgroup matrices. Here they are in their table from the start; a browser's build puts a function in this one's place that fetches
// them (build-late.ts).

/** Before a plan is made that may have some. */
export async function fetchMatrices(): Promise<unknown> {
  return undefined;
}
