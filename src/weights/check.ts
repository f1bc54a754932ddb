// Between a file and a network: every name with its exact shape, nothing unknown, all values finite. Half-right weights run
// and lie.

import type { Tensor, Tensors } from './tensor.ts';
import { badWeights, bytesPer, quote, some, toFloat32Range } from './tensor.ts';

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
  const faults = [
    fault('missing', missing.map(quote)),
    fault(
      'of another shape',
      misshapen.map(([key, shape]) => `${quote(key)} is [${tensors.get(key)!.shape.join(', ')}], expected [${shape.join(', ')}]`),
    ),
    fault('unknown', extra.map(quote)),
  ].filter(text => text !== '');
  if (faults.length > 0) {
    throw badWeights(
      name,
      `${tensors.size} tensors do not fit the ${expected.size} expected: ${faults.join('; ')}. Choose the model they belong to`,
    );
  }
  for (const [key, tensor] of tensors) checkFinite(key, tensor, name);
}

function fault(what: string, items: readonly string[]): string {
  return items.length > 0 ? `${items.length} ${what} (${some(items)})` : '';
}

/** Values decoded at a time: 4 MiB. The largest published tensor has 103 million, and 4-byte boundaries only by luck. */
const SLAB = 2 ** 20;

function checkFinite(key: string, tensor: Tensor, name: string): void {
  if (!/F/.test(tensor.dtype)) return;
  const elements = tensor.bytes.length / bytesPer[tensor.dtype];
  for (let begin = 0; begin < elements; begin += SLAB) {
    const values = toFloat32Range(tensor, begin, Math.min(begin + SLAB, elements));
    const at = values.findIndex(value => !Number.isFinite(value));
    if (at < 0) continue;
    const place = `${values[at]} at index ${begin + at}`;
    throw badWeights(name, `tensor ${quote(key)} holds ${place}: training diverged or the file is damaged`);
  }
}
