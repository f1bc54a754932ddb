// Depthwise convolution of any geometry. Shader: depthwise.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { ending } from './ending.ts';
import { kernel, plain } from './kernel.ts';
import { isAlone, sliding, slidingOf, slidingParams } from './slide.ts';

export const depthwise = kernel<'conv'>({
  ...sliding,
  name: 'depthwise',
  ops: ['conv'],
  fits: node => {
    const [out, inputs] = shapeOf(node.constants.weight);
    return inputs === 1 && out === node.attributes.geometry.groups && isAlone(node);
  },
  variants: [plain('depthwise')],
  overrides: ({ node, y }) => ({
    ROWS: node.attributes.geometry.kernel[0],
    COLUMNS: node.attributes.geometry.kernel[1],
    ...ending(node, y.c),
  }),
  params: placed => slidingParams(placed, slidingOf(placed)),
  pack,
});

/** [tap][quad], then the biases. */
function pack({ constants }: NodeOf<'conv'>, read: ReadConstant): Float32Array<ArrayBuffer> {
  const [out, , kh, kw] = shapeOf(constants.weight);
  const [taps, across] = [kh * kw, quads(out) * 4];
  const weight = read(constants.weight);
  const packed = new Float32Array((taps + 1) * across);
  for (let o = 0; o < out; o++) for (let tap = 0; tap < taps; tap++) packed[tap * across + o] = weight[o * taps + tap];
  if (constants.bias) packed.set(read(constants.bias), taps * across);
  return packed;
}
