// Grouped 3×3 convolution, a dilation a branch, with the squeeze's sums in its epilogue. Shaders: grouped.wgsl, grouped.workgroup.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { isGrouped, type NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { strips, TILE } from '../graph/ops.ts';
import { biasOffset, packBlocks, pairs } from './blocks.ts';
import { kernel, type Placed, plain, type Variant } from './kernel.ts';

/** The shader's dilations are one vec4u. */
const MAX_BRANCHES = 4;

/** Of a workgroup of `grouped.workgroup`: its lanes, and the pairs of quads that they share. */
const LANES = 256;
const PAIRS = 4;

const groupWidth = ({ constants }: NodeOf<'conv'>): number => shapeOf(constants.weight)[1];

const rows = ({ node, y }: Placed<'conv'>): number => node.attributes.strips ?? strips(y);

const workgroup: Variant<'conv'> = {
  name: 'workgroup',
  shader: 'grouped.workgroup',
  needs: { barriers: true },
  lanes: placed => rows(placed) * Math.ceil(pairs(placed.y.c) / PAIRS) * LANES,
};

export const grouped = kernel<'conv'>({
  name: 'grouped',
  ops: ['conv'],
  /** A lane's eight channels must lie in one group, and a group's inputs and outputs must be equally many. */
  fits: node =>
    isGrouped(node) &&
    groupWidth(node) % 8 === 0 &&
    groupWidth(node) * node.attributes.groups === shapeOf(node.constants.weight)[0] &&
    node.attributes.dilations.length <= MAX_BRANCHES &&
    node.attributes.activation !== 'sigmoid' &&
    Object.keys(node.inputs).length === 1,
  variants: [workgroup, plain('grouped')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name, attributes }) => ({ y: name, partials: attributes.partials }),
  overrides: ({ node }) => ({
    GROUP: quads(groupWidth(node)),
    STRIDE: node.attributes.stride,
    RELU: node.attributes.activation === 'relu',
    SQUEEZE: node.attributes.partials !== null,
  }),
  params: ({ node, x, y, at }) => ({
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    pairs: pairs(y.c),
    across: Math.ceil(y.w / TILE),
    strips: rows({ node, x, y, at }),
    branch_quads: quads(y.c / node.attributes.dilations.length),
    bias: biasOffset(y.c, 9, quads(groupWidth(node))),
    dilations: Array.from({ length: MAX_BRANCHES }, (_, branch) => node.attributes.dilations[branch] ?? 1),
  }),
  lanes: placed => rows(placed) * pairs(placed.y.c),
  pack(node, read) {
    const [out, width] = shapeOf(node.constants.weight);
    const weight = read(node.constants.weight);
    const at = (o: number, i: number, tap: number): number => weight[(o * width + i) * 9 + tap];
    return packBlocks(out, 9, quads(width), () => at, node.constants.bias ? read(node.constants.bias) : null);
  },
});
