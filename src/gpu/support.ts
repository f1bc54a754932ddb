// What a machine can do, told before anything is loaded.
import type { Precision } from '../shader/source.ts';
import { adapterName, FEATURES, isSoftware } from './device.ts';

export interface Support {
  /** Will `load` find a device? */
  readonly ok: boolean;
  /** Why not, and what to do about it here; null where it will. */
  readonly reason: 'no-webgpu' | 'insecure-context' | 'no-adapter' | null;
  readonly hint: string | null;
  /** The adapter in words. */
  readonly adapter: string | null;
  /** A CPU behind a GPU's interface: right, and slow. */
  readonly software: boolean;
  /** WebGPU features of the adapter that models make use of. */
  readonly features: readonly string[];
  readonly precisions: readonly Precision[];
}

export function supported({ info, features }: GPUAdapter): Support {
  const found = FEATURES.filter(feature => features.has(feature));
  const precisions: Precision[] = found.includes('shader-f16') ? ['f32', 'half', 'f16'] : ['f32', 'half'];
  const about = { adapter: adapterName(info), software: isSoftware(info), features: found, precisions };
  return { ok: true, reason: null, hint: null, ...about };
}

export function unsupported(reason: NonNullable<Support['reason']>, hint: string): Support {
  return { ok: false, reason, hint, adapter: null, software: false, features: [], precisions: [] };
}
