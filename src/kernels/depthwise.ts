// Depthwise convolution of any geometry. Shader: depthwise.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';
import { sliding, slidingParams } from './slide.ts';

export const depthwise = kernel<'slide'>({
  ...sliding,
  name: 'depthwise',
  ops: ['slide'],
  fits: ({ attributes: { groups, activation }, constants }) => {
    const [out, inputs] = shapeOf(constants.weight);
    return inputs === 1 && out === groups && activation !== 'sigmoid';
  },
  variants: [plain('depthwise')],
  overrides: ({ node: { attributes } }) => ({
    ROWS: attributes.kernel[0],
    COLUMNS: attributes.kernel[1],
    RELU: attributes.activation === 'relu',
  }),
  params: slidingParams,
  pack,
});

/** [tap][quad], then the biases. */
function pack({ constants }: NodeOf<'slide'>, read: ReadConstant): Float32Array<ArrayBuffer> {
  const [out, , kh, kw] = shapeOf(constants.weight);
  const [taps, across] = [kh * kw, quads(out) * 4];
  const weight = read(constants.weight);
  const packed = new Float32Array((taps + 1) * across);
  for (let o = 0; o < out; o++) for (let tap = 0; tap < taps; tap++) packed[tap * across + o] = weight[o * taps + tap];
  if (constants.bias) packed.set(read(constants.bias), taps * across);
  return packed;
}
