// The formats of published checkpoints, in files of their own where a build is cut up: who loads safetensors never fetches their readers.
import { isCaffemodel, readCaffemodel } from './caffemodel.ts';
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

interface Foreign {
  readonly what: string;
  readonly accepts: (bytes: Uint8Array) => boolean;
  readonly next: string;
}

const resave = "torch.save(model.state_dict(), 'weights.pth')";

/** Files that are taken for weights, and what helps. */
const foreign: readonly Foreign[] = [
  { what: 'a gzip file', accepts: bytes => startsWith(bytes, [0x1f, 0x8b]), next: 'unpack it' },
  { what: 'a tar archive', accepts: bytes => textOf(bytes, 257, 262) === 'ustar', next: 'unpack it and take the file inside' },
  { what: 'an HDF5 file', accepts: bytes => startsWith(bytes, [0x89, 0x48, 0x44, 0x46]), next: 'it is not of PyTorch or Caffe' },
  {
    what: 'a Python pickle without tensors of PyTorch',
    accepts: bytes => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5,
    next: `load it in Python and save tensors with ${resave}`,
  },
  {
    what: 'a Git LFS pointer',
    accepts: bytes => textOf(bytes, 0, 23) === 'version https://git-lfs',
    next: 'the file itself is fetched by git lfs pull',
  },
  { what: 'a web page', accepts: bytes => /^\s*<(!doctype|html)/i.test(textOf(bytes, 0, 64)), next: 'fetch the file behind it' },
  {
    what: 'the index of a checkpoint in several files (shards)',
    accepts: bytes => /^\s*\{/.test(textOf(bytes, 0, 16)) && textOf(bytes, 0, bytes.length).includes('"weight_map"'),
    next: `atrous reads one: load them in Python and save them together with ${resave}`,
  },
];

/** Throws `BAD_WEIGHTS` for a damaged file, and for one of no known format. */
export async function readFormat(bytes: Uint8Array, name: string): Promise<Weights> {
  const format = formats.find(({ accepts }) => accepts(bytes, name));
  if (format) return { ...(await format.read(bytes, name)), format: format.name };
  const known = foreign.find(({ accepts }) => accepts(bytes));
  if (known) throw badWeights(name, `is ${known.what}: ${known.next}`);
  const begin = bytes.length > 0 ? `begins with ${firstBytes(bytes)}` : 'is empty (0 bytes)';
  throw badWeights(
    name,
    `${begin}: neither a safetensors file, a PyTorch checkpoint (.pth, a zip) nor a Caffe model, the formats that atrous reads`,
  );
}

/** Bytes of a file as text. The index of hundreds of gigabytes in shards has a megabyte. */
function textOf(bytes: Uint8Array, begin: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(begin, Math.min(end, begin + 2 ** 20)));
}

/** In hex and as text: enough to see a web page or a Git LFS pointer in place of the file. */
function firstBytes(bytes: Uint8Array): string {
  const first = [...bytes.subarray(0, 12)];
  const text = first.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${first.map(byte => byte.toString(16).padStart(2, '0')).join(' ')} (${text})`;
}
