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

/** Fields of an ONNX model that may follow its first, the IR's version: of its producer, its domain, its graph, its opsets. */
const onnxFields: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72];

/** The format has no magic: it begins with the IR's version, and one of its fields follows. For a file that is called .onnx the name will do. */
export function isOnnx(bytes: Uint8Array, name: string): boolean {
  if (/\.onnx$/i.test(name)) return true;
  // Safetensors begin with a length, whose upper bytes are zeros.
  return (
    bytes.length > 8 &&
    bytes[0] === 0x08 &&
    bytes[1] > 2 &&
    bytes[1] < 32 &&
    onnxFields.includes(bytes[2]) &&
    (bytes[6] | bytes[7]) !== 0
  );
}
