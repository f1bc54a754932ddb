// The formats of published checkpoints, in files of their own where a build is cut up: who loads safetensors never fetches their readers.
import { isCaffemodel, readCaffemodel } from './caffemodel.ts';
import { foreignFile } from './foreign.ts';
import { startsWith, type Weights, zip } from './magic.ts';
import { badWeights } from './tensor.ts';
import { isLegacyTorch, readTorch } from './torch.ts';

interface Format {
  readonly name: Weights['format'];
  readonly accepts: (bytes: Uint8Array, name: string) => boolean;
  readonly read: (bytes: Uint8Array, name: string) => Promise<Omit<Weights, 'format'>>;
}

/** In the order of asking, the surest first. A new format is one row. */
const formats: readonly Format[] = [
  {
    name: 'torch',
    accepts: bytes => startsWith(bytes, zip) || isLegacyTorch(bytes),
    read: async (bytes, name) => ({ tensors: await readTorch(bytes, name), metadata: new Map() }),
  },
  {
    name: 'caffemodel',
    accepts: isCaffemodel,
    read: async (bytes, name) => ({ tensors: readCaffemodel(bytes, name), metadata: new Map() }),
  },
];

/** Throws `BAD_WEIGHTS` for a damaged file, and for one of no known format. */
export async function readFormat(bytes: Uint8Array, name: string): Promise<Weights> {
  const format = formats.find(({ accepts }) => accepts(bytes, name));
  if (format) return { ...(await format.read(bytes, name)), format: format.name };
  const other = foreignFile(bytes);
  if (other) throw badWeights(name, `is ${other}`);
  const begin = bytes.length > 0 ? `begins with ${firstBytes(bytes)}` : 'is empty (0 bytes)';
  throw badWeights(
    name,
    `${begin}: neither a safetensors file, a PyTorch checkpoint (.pth, a zip) nor a Caffe model, the formats that atrous reads`,
  );
}

/** In hex and as text: enough to see a web page or a Git LFS pointer in place of the file. */
function firstBytes(bytes: Uint8Array): string {
  const first = [...bytes.subarray(0, 12)];
  const text = first.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${first.map(byte => byte.toString(16).padStart(2, '0')).join(' ')} (${text})`;
}
