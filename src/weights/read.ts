// The one door for weight files: the format is told by the first bytes, because published checkpoints often have no extension.
import { startsWith, type Weights, zip } from './magic.ts';
import { readSafetensors } from './safetensors.ts';

/** Reads a whole weight file of any known format; `name` is for messages. Throws BAD_WEIGHTS when it is damaged or unknown. */
export async function readWeights(bytes: Uint8Array, name: string): Promise<Weights> {
  // The header's own first byte: its length before it may be damaged, and the reader says more about that.
  if (bytes[8] === 0x7b && !startsWith(bytes, zip)) return { ...readSafetensors(bytes, name), format: 'safetensors' };
  return (await import('./formats.ts')).readFormat(bytes, name);
}
