// The four published DilatedNets as every test of their numbers has them: a sixteenth of their hidden channels, weights that follow from their names, and
// a 412×428 input.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LoadedWeights } from '../../src/load.ts';
import { dilatedNets, narrowed } from '../../src/models/dilatednet.ts';
import { anySize, expectedTensors, findNetwork } from '../../src/models/registry.ts';
import { checkWeights } from '../../src/recognise.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { seededInput, seededTensor } from '../../src/weights/seeded.ts';
import { type Tensor, type Tensors, toFloat32 } from '../../src/weights/tensor.ts';

export const SIZE = { h: 412, w: 428 };

/** Those with a context module. */
export const whole = [...dilatedNets.values()].filter(({ context }) => context).map(({ name }) => name);

export function tensorsIn(file: string): Tensors {
  return readSafetensors(new Uint8Array(readFileSync(file)), file).tensors;
}

/** What the last layer before softmax or upsampling gives: PyTorch's float64, as `<network>.<layer>`. */
export const goldens = tensorsIn(fileURLToPath(new URL('../goldens/dilatednet.safetensors', import.meta.url)));

/** All but the transposed convolution's are seeded: what loads weights makes those. */
export function seededWeights(name: string, divisor = 16): LoadedWeights {
  const network = findNetwork(name);
  const options = { classes: network.publishedClasses, ...anySize(network), widths: narrowed(dilatedNets.get(name)!, divisor) };
  const expected = [...expectedTensors(network.build(options))].filter(([key]) => key !== 'ctx_upsample.weight');
  return checkWeights(new Map(expected.map(([key, shape]) => [key, seededTensor(key, shape)])), name, null, null);
}

/** Uniform in [0, 255], less the mean pixel: blue, green, red. */
export function fixtureInput({ preprocessing }: LoadedWeights['card'], { h, w } = SIZE): Field {
  return field({ c: 3, h, w }, seededInput('input', { h, w }, preprocessing));
}

export function fieldOf(tensor: Tensor): Field {
  const [, c, h, w] = tensor.shape;
  return field({ c, h, w }, Float64Array.from(toFloat32(tensor)));
}
