// What a weight file of any format gives, and how a zip is told.
import type { Tensors } from './tensor.ts';

export interface Weights {
  readonly tensors: Tensors;
  /** Empty for formats that have none. */
  readonly metadata: Map<string, string>;
  readonly format: 'safetensors' | 'torch' | 'caffemodel';
}

/** As a PyTorch checkpoint is. */
export function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 3, 4].every((byte, i) => bytes[i] === byte);
}
