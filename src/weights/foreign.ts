// Files of other kinds that are taken for weights or networks, by their first bytes.
import { startsWith } from './magic.ts';

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

/** What a file is in place of weights, and what helps: `a web page: fetch the file behind it`. Null for all others. */
export function foreignFile(bytes: Uint8Array): string | null {
  const known = foreign.find(({ accepts }) => accepts(bytes));
  return known ? `${known.what}: ${known.next}` : null;
}

/** Bytes of a file as text. The index of hundreds of gigabytes in shards has a megabyte. */
function textOf(bytes: Uint8Array, begin: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(begin, Math.min(end, begin + 2 ** 20)));
}
