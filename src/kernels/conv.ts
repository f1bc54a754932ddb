// Dense convolution of any kernel size, stride, dilation and padding. Shaders: conv.wgsl, conv.wide.wgsl; conv.workgroup.wgsl (workgroups.ts),
// conv.winograd.wgsl (winograd.ts).
import { type ReadConstant, range, shapeOf } from '../graph/constant.ts';
import { isDense } from '../graph/forms.ts';
import type { Geometry, Node, NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import type { WeightStore } from '../shader/source.ts';
import { biasOffset, fillsWide, packBlocks, packWide, pairs, type WeightRows, wideBiasOffset, wideLanes } from './blocks.ts';
import { ending } from './ending.ts';
import type { ReadNumbers } from './halves.ts';
import { kernel, type Placed, plain, type Variant } from './kernel.ts';

/** Pixels of a row that a lane stores: eight, or two maxima of four. */
const TILE = 8;
const POOLED_TILE = 2;
const WIDE_TILE = 16;

const tileOf = ({ attributes }: NodeOf<'conv'>): number => (attributes.fused.pooled ? POOLED_TILE : TILE);

/** Input quads × taps. */
export function steps({ constants, attributes: { geometry } }: NodeOf<'conv'>): number {
  return quads(shapeOf(constants.weight)[1]) * geometry.kernel[0] * geometry.kernel[1];
}

export function params(tile: number, bias: number, { node, x, y, at }: Placed<'conv'>) {
  const { pooled } = node.attributes.fused;
  return {
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    y_quads: quads(y.c),
    pairs: pairs(y.c),
    quads: quads(x.c),
    columns: node.attributes.geometry.kernel[1],
    steps: steps(node),
    across: Math.ceil(y.w / tile),
    ...evenParams(node.attributes.geometry),
    bias,
    full_height: pooled?.h ?? y.h,
    full_width: pooled?.w ?? y.w,
    residual_stride: at('residual')?.stride ?? 0,
  };
}

/** Output channel × input channel × tap; channels that are missing are zero. */
export function weights({ constants: { weight } }: Pick<Node, 'constants'>, read: ReadNumbers): WeightRows {
  const [, inputs, kh, kw] = shapeOf(weight);
  return (first, end) => {
    const values = read(range(weight, first, end));
    return (o, i, tap) => (i < inputs ? values[((o - first) * inputs + i) * kh * kw + tap] : 0);
  };
}

/** The same by quads of the taps, one tap after another: input channel i is the (i mod 4)th of step ⌊i / 4⌋. */
export function weightsBySteps(node: Pick<Node, 'constants'>, read: ReadNumbers): WeightRows {
  const across = quads(shapeOf(node.constants.weight!)[1]) * 4;
  const rows = weights(node, read);
  return (first, end) => {
    const weight = rows(first, end);
    return (o, i) => weight(o, i % across, Math.floor(i / across));
  };
}

export const biasOf = ({ constants }: Pick<Node, 'constants'>, read: ReadConstant) =>
  constants.bias ? read(constants.bias) : null;

export const wide: Variant<'conv'> = {
  name: 'wide',
  shader: 'conv.wide',
  needs: { software: true, features: ['subgroups'] },
  /** It makes rows one by one, a pool wants two at once. */
  fits: ({ constants, attributes: { fused } }) => !fused.pooled && fillsWide(shapeOf(constants.weight)[0]),
  overrides: ({ node, y }) => finishing(node, y.c),
  params: placed => params(WIDE_TILE, wideBiasOffset(placed.y.c, 2, steps(placed.node)), placed),
  lanes: ({ y }) => y.h * Math.ceil(y.w / WIDE_TILE) * wideLanes(y.c, 2),
  pack(node, read, store) {
    const rows = weightsBySteps(node, read);
    const bySteps: WeightRows = (first, end) => {
      const weight = rows(first, end);
      return (o, i, step) => weight(o, step * 4 + i, 0);
    };
    return packWide(shapeOf(node.constants.weight)[0], 2, steps(node), bySteps, biasOf(node, read), store);
  },
};

/** What follows the sums. */
export function finishing(node: NodeOf<'conv'>, channels: number) {
  return { RESIDUAL: 'residual' in node.inputs, ...ending(node, channels) };
}

/** The numbers of an even geometry, as parameters. */
export function evenParams({ strides, dilations: [rates], pads: [pads] }: Geometry) {
  return { stride: strides[0], dilation: rates[0], pad: pads[0] };
}

export const conv = kernel<'conv'>({
  name: 'conv',
  ops: ['conv'],
  fits: isDense,
  variants: [wide, plain('conv')],
  reads: ({ inputs }) => ({ x: inputs.x, residual: inputs.residual ?? null }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node, x, y }) => ({
    QUADS: quads(x.c),
    ROWS: node.attributes.geometry.kernel[0],
    COLUMNS: node.attributes.geometry.kernel[1],
    ...finishing(node, y.c),
    POOL: node.attributes.fused.pooled !== undefined,
  }),
  params: placed => {
    const [kh, kw] = placed.node.attributes.geometry.kernel;
    return params(tileOf(placed.node), biasOffset(placed.y.c, kh * kw, quads(placed.x.c)), placed);
  },
  lanes: ({ node, y }) => y.h * Math.ceil(y.w / tileOf(node)) * pairs(y.c),
  halfWeights: true,
  pack: packDense,
});

/** Blocks in the order of the taps, and the biases. */
export function packDense(node: Pick<Node, 'constants'>, read: ReadConstant, store?: WeightStore): Uint8Array<ArrayBuffer> {
  const [out, inputs, kh, kw] = shapeOf(node.constants.weight);
  return packBlocks(out, kh * kw, quads(inputs), weights(node, read), biasOf(node, read), store);
}
