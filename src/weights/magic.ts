// What every reader of weight files gives, and the first bytes that tell one format from another.
import type { Listing } from './find.ts';

export interface Weights {
  /** Everything that the file holds, by path. */
  readonly tensors: Listing;
  /** Empty for formats that have none. */
  readonly metadata: Map<string, string>;
  readonly format: 'safetensors' | 'torch' | 'caffemodel';
}

/** The first bytes of a zip, which a PyTorch checkpoint is. */
export const zip: readonly number[] = [0x50, 0x4b, 3, 4];

export function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
