// Weights that are in the package: where their files lie, and what must be in them.
import type { Card } from './weights/card.ts';
import { sha256 as digest } from './weights/digest.ts';
import { part, type Tensor, type Tensors } from './weights/tensor.ts';

export interface BuiltIn {
  /** File in `weights/`. */
  readonly file: string;
  /** Of its RegSeg. */
  readonly body: string;
  readonly decoder: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  /** Bundlers know files by literals of this form: each has its own. From the folder of this file as from `dist/`. */
  url(): URL;
}

/** A built-in file's tensors and card. Its sha256 was checked: nothing in it has to be doubted (src/weights/safetensors.ts has the format). */
export function readBuiltIn(bytes: Uint8Array): { readonly tensors: Tensors; readonly card: Card } {
  const start = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(part(bytes, 8, start)));
  const tensors = Object.entries(entries as Record<string, Pick<Tensor, 'dtype' | 'shape'> & { data_offsets: [number, number] }>);
  return {
    tensors: new Map(
      tensors.map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [begin, end],
          },
        ]) => [name, { dtype, shape, bytes: part(bytes, start + begin, start + end) }],
      ),
    ),
    card: JSON.parse(metadata.atrous),
  };
}

/** By name; the networks behind them are in models/registry.ts. */
export const builtIns: ReadonlyMap<string, BuiltIn> = new Map([
  [
    'regseg-camvid',
    {
      file: 'regseg-camvid.safetensors',
      body: 'exp48',
      decoder: 'decoder26',
      bytes: 6880012,
      sha256: '3f9b87f5015e6e7ae1f4fd74e86bcd0189d039e32fc6598131678365519662ac',
      url: () => new URL('../weights/regseg-camvid.safetensors', import.meta.url),
    },
  ],
]);

/** Where a file lies: under the caller's `baseUrl`, or where the package or its bundle has it. Throws `BAD_USAGE` for what is no URL. */
export async function urlOf(file: string, base: string | URL | undefined, url: (() => URL) | undefined): Promise<URL> {
  try {
    if (base === undefined && url) return url();
    return new URL(file, new URL(String(base).replace(/\/?$/, '/'), globalThis.location?.href));
  } catch (error) {
    throw (await import('./builtin-faults.ts')).noUrl(file, base, error);
  }
}

/** Throws `BAD_WEIGHTS` when a built-in name's bytes are not its file's. */
export async function checkBuiltIn(name: string, builtIn: BuiltIn, bytes: Uint8Array, url: URL): Promise<void> {
  const found = bytes.length === builtIn.bytes ? await digest(bytes) : null;
  if (found !== builtIn.sha256) throw (await import('./builtin-faults.ts')).otherBytes(name, builtIn, bytes, found, url);
}
