// What a page has for us, told before anything is loaded.
import { type Support, supported, unsupported } from '../gpu/support.ts';
import { findAdapter } from './adapter.ts';
import { missing } from './missing.ts';

/** It never throws. */
export async function support(): Promise<Support> {
  const adapter = await findAdapter();
  if (adapter) return supported(adapter);
  const { reason, hint } = missing();
  return unsupported(reason, hint);
}
