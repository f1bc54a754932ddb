// Passes and kernels for adapters where barriers are cheap. Here they are in their tables from the start; a browser's build puts a function in this one's place
// that fetches them (build-late.ts).

/** Before a graph is fused for such an adapter. */
export async function fetchBarriers(): Promise<unknown> {
  return undefined;
}
