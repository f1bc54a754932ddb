// Between a file and a network: every name with its exact shape, nothing unknown, all values finite. Half-right weights run
// and lie.

import type { Tensor, Tensors } from './tensor.ts';
import { badWeights, bytesPer, quote, show, some, toFloat32Range } from './tensor.ts';

/**
 * Compares a checkpoint with the shapes that a network expects; `name` is the file's, for the message. Extra tensors are refused
 * but for `*.num_batches_tracked`, the counters of PyTorch's batch norm that nothing reads. Throws BAD_WEIGHTS with all faults.
 * Tensors that are read when they are asked for are read here.
 */
export function checkTensors(tensors: Tensors, expected: ReadonlyMap<string, readonly number[]>, name: string): void {
  const missing = [...expected.keys()].filter(key => !tensors.has(key));
  const known = [...expected].filter(([key]) => tensors.has(key));
  const misshapen = known.filter(([key, shape]) => tensors.get(key)!.shape.join() !== shape.join());
  const extra = [...tensors.keys()].filter(key => !expected.has(key) && !key.endsWith('.num_batches_tracked'));
  const shapes = misshapen.map(
    ([key, shape]) => `${shorten(key)} is ${show(tensors.get(key)!.shape)}, expected [${shape.join(', ')}]`,
  );
  const kinds = [
    { what: 'missing', items: missing.map(shorten) },
    { what: 'of another shape', items: shapes },
    { what: 'unknown', items: extra.map(shorten) },
  ].filter(({ items }) => items.length > 0);
  const faults = kinds.map(({ what, items }) => `${items.length} ${what} (${some(items, kinds.length > 1 ? 1 : 3)})`);
  if (faults.length > 0) {
    throw badWeights(
      name,
      `${tensors.size} tensors do not fit the ${expected.size} expected: ${faults.join('; ')}. Choose the model they belong to`,
    );
  }
  for (const [key, tensor] of tensors) checkFinite(key, tensor, name);
}

/** Several names stand in one sentence. */
function shorten(key: string): string {
  return quote(key.length > 48 ? `…${key.slice(-47)}` : key);
}

/** Values decoded at a time: 4 MiB. The largest published tensor has 103 million, and 4-byte boundaries only by luck. */
const SLAB = 2 ** 20;

/** Throws `BAD_WEIGHTS`. `masks`: infinities are allowed. */
export function checkFinite(key: string, tensor: Tensor, name: string, masks = false): void {
  if (!/F/.test(tensor.dtype)) return;
  const elements = tensor.bytes.length / bytesPer[tensor.dtype];
  for (let begin = 0; begin < elements; begin += SLAB) {
    const values = toFloat32Range(tensor, begin, Math.min(begin + SLAB, elements));
    const at = values.findIndex(value => (masks ? Number.isNaN(value) : !Number.isFinite(value)));
    if (at < 0) continue;
    const place = `${values[at]} at index ${begin + at}`;
    throw badWeights(name, `tensor ${quote(key)} holds ${place}: training diverged or the file is damaged`);
  }
}
