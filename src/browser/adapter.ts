// The page's adapter.

/** Throws `NO_ADAPTER`, saying what to do. */
export async function browserAdapter(): Promise<GPUAdapter> {
  const adapter = await findAdapter();
  if (adapter) return adapter;
  throw (await import('./missing.ts')).noAdapter();
}

export async function findAdapter(): Promise<GPUAdapter | null> {
  return (await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null)) ?? null;
}
