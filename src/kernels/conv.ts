// Dense convolution of any kernel size, stride, dilation and padding. Shader: conv.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { Node } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, packBlocks, pairs } from './blocks.ts';
import { kernel, plain } from './kernel.ts';

const TILE = 8;

export const conv = kernel<'conv'>({
  name: 'conv',
  ops: ['conv'],
  fits: ({ attributes: { groups, activation, partials }, inputs, constants }) =>
    groups === 1 && activation !== 'sigmoid' && !partials && !constants.project && Object.keys(inputs).length === 1,
  variants: [plain('conv')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { constants, attributes } }) => ({
    QUADS: quads(shapeOf(constants.weight)[1]),
    ROWS: attributes.kernel[0],
    COLUMNS: attributes.kernel[1],
    RELU: attributes.activation === 'relu',
  }),
  params: ({ node: { attributes }, x, y }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    y_quads: quads(y.c),
    pairs: pairs(y.c),
    across: Math.ceil(y.w / TILE),
    stride: attributes.stride,
    dilation: attributes.dilations[0],
    pad: attributes.pads[0],
    bias: biasOffset(y.c, attributes.kernel[0] * attributes.kernel[1], quads(x.c)),
  }),
  lanes: ({ y }) => y.h * Math.ceil(y.w / TILE) * pairs(y.c),
  pack: packDense,
});

/** Blocks in the order of the taps, and the biases. */
export function packDense({ constants }: Pick<Node, 'constants'>, read: ReadConstant): Float32Array {
  const [out, inputs, kh, kw] = shapeOf(constants.weight);
  const weight = read(constants.weight);
  const at = (o: number, i: number, tap: number): number => (i < inputs ? weight[(o * inputs + i) * kh * kw + tap] : 0);
  return packBlocks(out, kh * kw, quads(inputs), at, constants.bias ? read(constants.bias) : null);
}
