// Dense convolution of any kernel size, stride, dilation and padding. Shader: conv.wgsl.
import { type ReadConstant, range, shapeOf } from '../graph/constant.ts';
import type { Node, NodeOf } from '../graph/graph.ts';
import { type Placement, quads } from '../graph/layout.ts';
import type { WeightStore } from '../shader/source.ts';
import { biasOffset, packBlocks, pairs, type WeightAt } from './blocks.ts';
import { kernel, plain } from './kernel.ts';

/** Pixels of a row that a lane stores: eight, or two maxima of four. */
const TILE = 8;
const POOLED_TILE = 2;

/** Tiles of a row. */
function across({ attributes: { pooled } }: NodeOf<'conv'>, { w }: Placement): number {
  return Math.ceil(w / (pooled ? POOLED_TILE : TILE));
}

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
    POOL: attributes.pooled !== null,
  }),
  params: ({ node, node: { attributes }, x, y }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    y_quads: quads(y.c),
    pairs: pairs(y.c),
    across: across(node, y),
    stride: attributes.stride,
    dilation: attributes.dilations[0],
    pad: attributes.pads[0],
    bias: biasOffset(y.c, attributes.kernel[0] * attributes.kernel[1], quads(x.c)),
    full_height: attributes.pooled?.h ?? y.h,
    full_width: attributes.pooled?.w ?? y.w,
  }),
  lanes: ({ node, y }) => y.h * across(node, y) * pairs(y.c),
  halfWeights: true,
  pack: packDense,
});

/** Blocks in the order of the taps, and the biases. */
export function packDense(
  { constants }: Pick<Node, 'constants'>,
  read: ReadConstant,
  store?: WeightStore,
): Uint8Array<ArrayBuffer> {
  const { weight, bias } = constants;
  const [out, inputs, kh, kw] = shapeOf(weight);
  const rows = (first: number, end: number): WeightAt => {
    const values = read(range(weight, first, end));
    return (o, i, tap) => (i < inputs ? values[((o - first) * inputs + i) * kh * kw + tap] : 0);
  };
  return packBlocks(out, kh * kw, quads(inputs), rows, bias ? read(bias) : null, store);
}
