// Dense convolution of any kernel size, stride, dilation and padding. Shaders: conv.wgsl, conv.wide.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, fillsWide, packBlocks, packWide, pairs, wideBiasOffset, wideLanes } from './blocks.ts';
import { kernel, type Placed, plain, type Variant } from './kernel.ts';

const TILE = 8;
const WIDE_TILE = 16;

/** Input quads × taps. */
function steps({ constants, attributes: { kernel } }: NodeOf<'conv'>): number {
  return quads(shapeOf(constants.weight)[1]) * kernel[0] * kernel[1];
}

function params(tile: number, bias: number, { node, x, y }: Placed<'conv'>) {
  const { kernel, stride, dilations, pads } = node.attributes;
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
    columns: kernel[1],
    steps: steps(node),
    across: Math.ceil(y.w / tile),
    stride,
    dilation: dilations[0],
    pad: pads[0],
    bias,
  };
}

/** Output channel × input channel × tap; channels that are missing are zero. */
function weights({ constants }: NodeOf<'conv'>, read: ReadConstant): (o: number, i: number, tap: number) => number {
  const [, inputs, kh, kw] = shapeOf(constants.weight);
  const weight = read(constants.weight);
  return (o, i, tap) => (i < inputs ? weight[(o * inputs + i) * kh * kw + tap] : 0);
}

const biasOf = ({ constants }: NodeOf<'conv'>, read: ReadConstant) => (constants.bias ? read(constants.bias) : null);

const wide: Variant<'conv'> = {
  name: 'wide',
  shader: 'conv.wide',
  needs: { software: true, features: ['subgroups'] },
  fits: ({ constants }) => fillsWide(shapeOf(constants.weight)[0]),
  overrides: ({ node: { attributes } }) => ({ RELU: attributes.activation === 'relu' }),
  params: placed => params(WIDE_TILE, wideBiasOffset(placed.y.c, 2, steps(placed.node)), placed),
  lanes: ({ y }) => y.h * Math.ceil(y.w / WIDE_TILE) * wideLanes(y.c, 2),
  pack(node, read) {
    const [out, inputs] = shapeOf(node.constants.weight);
    const across = quads(inputs);
    const weight = weights(node, read);
    const at = (o: number, i: number, step: number): number => weight(o, (step % across) * 4 + i, Math.floor(step / across));
    return packWide(out, 2, steps(node), at, biasOf(node, read));
  },
};

export const conv = kernel<'conv'>({
  name: 'conv',
  ops: ['conv'],
  fits: ({ attributes: { groups, activation, partials }, inputs }) =>
    groups === 1 && activation !== 'sigmoid' && !partials && Object.keys(inputs).length === 1,
  variants: [wide, plain('conv')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { constants, attributes } }) => ({
    QUADS: quads(shapeOf(constants.weight)[1]),
    ROWS: attributes.kernel[0],
    COLUMNS: attributes.kernel[1],
    RELU: attributes.activation === 'relu',
  }),
  params: placed => {
    const [kh, kw] = placed.node.attributes.kernel;
    return params(TILE, biasOffset(placed.y.c, kh * kw, quads(placed.x.c)), placed);
  },
  lanes: ({ y }) => y.h * Math.ceil(y.w / TILE) * pairs(y.c),
  pack(node, read) {
    const [out, inputs, kh, kw] = shapeOf(node.constants.weight);
    return packBlocks(out, kh * kw, quads(inputs), weights(node, read), biasOf(node, read));
  },
});
