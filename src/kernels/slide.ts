// Convolution of any geometry and any width of groups, and its transpose. Shader: slide.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { kernel, type Placed, plain } from './kernel.ts';

type Op = 'slide' | 'transposed';

/** Channels that a group reads and makes. */
function widths({ op, attributes: { groups }, constants }: NodeOf<Op>): [inputs: number, outputs: number] {
  const [first, second] = shapeOf(constants.weight);
  return op === 'slide' ? [second, first / groups] : [first / groups, second];
}

const taps = ({ attributes: { kernel } }: NodeOf<Op>): number => kernel[0] * kernel[1];

/** Whatever slides over a map: these two (a depthwise convolution is the first), and pools. */
type Slides = Op | 'window';

export const sliding = {
  reads: ({ inputs }: NodeOf<Slides>) => ({ x: inputs.x }),
  writes: ({ name }: NodeOf<Slides>) => ({ y: name }),
  lanes: ({ y }: Placed<Slides>) => y.h * y.w * quads(y.c),
};

export function slidingParams({ node: { attributes }, x, y }: Placed<Slides>) {
  const { strides, dilations, pads } = attributes;
  return {
    height: y.h,
    width: y.w,
    quads: quads(y.c),
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    x_size: [x.h, x.w],
    strides,
    dilations,
    pads,
  };
}

export const anyGeometry = {
  ...sliding,
  overrides({ node }: Placed<Op>) {
    const [inputs, outputs] = widths(node);
    const whole = node.attributes.groups === 1 || (inputs % 4 === 0 && outputs % 4 === 0);
    return { TAPS: taps(node), ALIGNED: whole };
  },
  params(placed: Placed<Op>) {
    const { node, y } = placed;
    const [inputs, outputs] = widths(node);
    const bias = quads(y.c) * taps(node) * quads(inputs) * 4;
    const group = node.attributes.groups === 1 ? quads(outputs) * 4 : outputs;
    return { ...slidingParams(placed), columns: node.attributes.kernel[1], inputs, group, channels: y.c, bias };
  },
  /** [output quad][tap][input channel of the group, in whole quads], four outputs each; then the biases. */
  pack(node: NodeOf<Op>, read: ReadConstant): Float32Array<ArrayBuffer> {
    const [inputs, outputs] = widths(node);
    const out = outputs * node.attributes.groups;
    const [all, across] = [taps(node), quads(inputs) * 4];
    const weight = read(node.constants.weight);
    const packed = new Float32Array(quads(out) * (all * across + 1) * 4);
    for (let o = 0; o < out; o++) {
      const [quad, lane, group] = [Math.floor(o / 4), o % 4, Math.floor(o / outputs)];
      for (let i = 0; i < inputs; i++) {
        const from = node.op === 'slide' ? o * inputs + i : (group * inputs + i) * outputs + (o % outputs);
        for (let tap = 0; tap < all; tap++) packed[((quad * all + tap) * across + i) * 4 + lane] = weight[from * all + tap];
      }
    }
    if (node.constants.bias) packed.set(read(node.constants.bias), quads(out) * all * across * 4);
    return packed;
  },
};

export const slide = kernel<'slide'>({
  ...anyGeometry,
  name: 'slide',
  ops: ['slide'],
  fits: ({ attributes: { activation } }) => activation !== 'sigmoid',
  variants: [plain('slide')],
  overrides: placed => ({ ...anyGeometry.overrides(placed), RELU: placed.node.attributes.activation === 'relu' }),
});
