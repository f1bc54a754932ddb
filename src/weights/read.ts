// The one door for weight files: the format is told by the first bytes, because published checkpoints often have no extension.
import { readSafetensors } from './safetensors.ts';
import type { Tensors } from './tensor.ts';

export interface Weights {
  readonly tensors: Tensors;
  /** Empty for formats that have none. */
  readonly metadata: Map<string, string>;
  readonly format: 'safetensors' | 'torch' | 'caffemodel';
}

/** Reads a whole weight file of any known format; `name` is for messages. Throws BAD_WEIGHTS when it is damaged or unknown. */
export async function readWeights(bytes: Uint8Array, name: string): Promise<Weights> {
  // The header's own first byte: its length before it may be damaged, and the reader says more about that.
  if (bytes[8] === 0x7b && !isZip(bytes)) return { ...readSafetensors(bytes, name), format: 'safetensors' };
  return (await import('./formats.ts')).readFormat(bytes, name);
}

/** As a PyTorch checkpoint is. */
export function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 3, 4].every((byte, i) => bytes[i] === byte);
}
