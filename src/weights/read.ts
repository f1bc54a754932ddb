// The one door for weight files: the format is told by the first bytes, because published checkpoints often have no extension.

import { isCaffemodel, readCaffemodel } from './caffemodel.ts';
import { readSafetensors } from './safetensors.ts';
import type { Tensors } from './tensor.ts';
import { badWeights } from './tensor.ts';
import { isLegacyTorch, readTorch } from './torch.ts';

export interface Weights {
  readonly tensors: Tensors;
  /** Empty for formats that have none. */
  readonly metadata: Map<string, string>;
  readonly format: 'safetensors' | 'torch' | 'caffemodel';
}

interface Format {
  readonly name: Weights['format'];
  readonly accepts: (bytes: Uint8Array, name: string) => boolean;
  readonly read: (bytes: Uint8Array, name: string) => Promise<Omit<Weights, 'format'>>;
}

/** In the order of asking, the surest first. A new format is one row. */
const formats: readonly Format[] = [
  {
    name: 'torch',
    accepts: bytes => startsWith(bytes, [0x50, 0x4b, 3, 4]) || isLegacyTorch(bytes),
    read: async (bytes, name) => ({ tensors: await readTorch(bytes, name), metadata: new Map() }),
  },
  {
    name: 'safetensors',
    // The header's own first byte: its length before it may be damaged, and the reader says more about that.
    accepts: bytes => bytes[8] === 0x7b,
    read: async (bytes, name) => readSafetensors(bytes, name),
  },
  {
    name: 'caffemodel',
    accepts: isCaffemodel,
    read: async (bytes, name) => ({ tensors: readCaffemodel(bytes, name), metadata: new Map() }),
  },
];

/** Reads a whole weight file of any known format; `name` is for messages. Throws BAD_WEIGHTS when it is damaged or unknown. */
export async function readWeights(bytes: Uint8Array, name: string): Promise<Weights> {
  const format = formats.find(({ accepts }) => accepts(bytes, name));
  if (format) return { ...(await format.read(bytes, name)), format: format.name };
  const begin = bytes.length > 0 ? `begins with ${firstBytes(bytes)}` : 'is empty (0 bytes)';
  throw badWeights(
    name,
    `${begin}: neither a safetensors file, a PyTorch checkpoint (.pth, a zip) nor a Caffe model, the formats that atrous reads`,
  );
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** In hex and as text: enough to see a web page or a Git LFS pointer in place of the file. */
function firstBytes(bytes: Uint8Array): string {
  const first = [...bytes.subarray(0, 12)];
  const text = first.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${first.map(byte => byte.toString(16).padStart(2, '0')).join(' ')} (${text})`;
}
