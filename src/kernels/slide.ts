// Convolution of any geometry and any width of groups, and its transpose. Shader: slide.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf, Sliding } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { ending } from './ending.ts';
import { kernel, type Placed, plain } from './kernel.ts';

type Op = 'conv' | 'transposed';
type Frame = Pick<Sliding, 'kernel' | 'strides' | 'dilations' | 'pads'>;

/** A convolution of one branch as what slides over a map. */
export function slidingOf({ node: { attributes } }: Placed<'conv' | 'qconv'>): Frame {
  const { kernel, strides, dilations, pads } = attributes.geometry;
  return { kernel, strides, dilations: dilations[0], pads: [pads[0][0], pads[0][1]] };
}

/** Nothing is fused around it but its activation, and it has one branch. */
export function isAlone({ attributes: { geometry, fused }, inputs, constants }: NodeOf<'conv'>): boolean {
  const plainly = Object.keys(fused).every(word => word === 'activation') && Object.keys(inputs).length === 1;
  return plainly && geometry.dilations.length === 1 && !constants.project;
}

const frameOf = (placed: Placed<Op>): Frame =>
  placed.node.op === 'conv' ? slidingOf(placed as Placed<'conv'>) : placed.node.attributes;

const groupsOf = (node: NodeOf<Op>): number => (node.op === 'conv' ? node.attributes.geometry : node.attributes).groups;

/** Channels that a group reads and makes. */
function widths(node: NodeOf<Op>): [inputs: number, outputs: number] {
  const [first, second] = shapeOf(node.constants.weight);
  const groups = groupsOf(node);
  return node.op === 'conv' ? [second, first / groups] : [first / groups, second];
}

/** Whatever slides over a map: these two (a depthwise convolution is the first, of codes too), pools, and the winners of such. */
type Slides = Op | 'window' | 'winners' | 'qconv';

export const sliding = {
  reads: ({ inputs }: NodeOf<Slides>) => ({ x: inputs.x }),
  writes: ({ name }: NodeOf<Slides>) => ({ y: name }),
  lanes: ({ y }: Placed<Slides>) => y.h * y.w * quads(y.c),
};

export function slidingParams({ x, y }: Placed<Slides>, { strides, dilations, pads }: Frame) {
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

const taps = ([rows, columns]: Frame['kernel']): number => rows * columns;

export const anyGeometry = {
  ...sliding,
  overrides(placed: Placed<Op>) {
    const { node, y } = placed;
    const [inputs, outputs] = widths(node);
    const whole = groupsOf(node) === 1 || (inputs % 4 === 0 && outputs % 4 === 0);
    return { TAPS: taps(frameOf(placed).kernel), ALIGNED: whole, ...ending(node, y.c) };
  },
  params(placed: Placed<Op>) {
    const { node, y } = placed;
    const frame = frameOf(placed);
    const [inputs, outputs] = widths(node);
    const bias = quads(y.c) * taps(frame.kernel) * quads(inputs) * 4;
    const group = groupsOf(node) === 1 ? quads(outputs) * 4 : outputs;
    return { ...slidingParams(placed, frame), columns: frame.kernel[1], inputs, group, channels: y.c, bias };
  },
  /** [output quad][tap][input channel of the group, in whole quads], four outputs each; then the biases. */
  pack(node: NodeOf<Op>, read: ReadConstant): Float32Array<ArrayBuffer> {
    const [inputs, outputs] = widths(node);
    const out = outputs * groupsOf(node);
    const [, , rows, columns] = shapeOf(node.constants.weight);
    const [all, across] = [rows * columns, quads(inputs) * 4];
    const weight = read(node.constants.weight);
    const scale = node.constants.scale ? read(node.constants.scale) : null;
    const packed = new Float32Array(quads(out) * (all * across + 1) * 4);
    for (let o = 0; o < out; o++) {
      const [quad, lane, group] = [Math.floor(o / 4), o % 4, Math.floor(o / outputs)];
      for (let i = 0; i < inputs; i++) {
        const from = node.op === 'conv' ? o * inputs + i : (group * inputs + i) * outputs + (o % outputs);
        const factor = scale?.[o] ?? 1;
        for (let tap = 0; tap < all; tap++)
          packed[((quad * all + tap) * across + i) * 4 + lane] = weight[from * all + tap] * factor;
      }
    }
    if (node.constants.bias) packed.set(read(node.constants.bias), quads(out) * all * across * 4);
    return packed;
  },
};

export const slide = kernel<'conv'>({
  ...anyGeometry,
  name: 'slide',
  ops: ['conv'],
  fits: isAlone,
  variants: [plain('slide')],
});
