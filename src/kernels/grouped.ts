// Grouped 3×3 convolution, a dilation a branch, with the squeeze's sums in its epilogue. Shaders: grouped.wgsl, grouped.wide.wgsl;
// grouped.workgroup.wgsl, grouped.workgroup8.wgsl (workgroups.ts).
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import { isBranched, MAX_BRANCHES } from '../graph/forms.ts';
import type { NodeOf } from '../graph/graph.ts';
import { type Placement, quads } from '../graph/layout.ts';
import { strips, TILE } from '../graph/ops.ts';
import { biasOffset, packBlocks, packWide, pairs, type WeightAt, wideBiasOffset } from './blocks.ts';
import { ending } from './ending.ts';
import type { ReadNumbers } from './halves.ts';
import { kernel, type Placed, plain, type Variant } from './kernel.ts';

const WIDE_TILE = { h: 2, w: 16 };

export const groupWidth = ({ constants }: NodeOf<'conv'>): number => shapeOf(constants.weight)[1];
export const biasOf = ({ constants }: NodeOf<'conv'>, read: ReadConstant) => (constants.bias ? read(constants.bias) : null);

/** Rows of partial sums. */
export const rows = (node: NodeOf<'conv'>, y: Placement): number => node.attributes.fused.partials?.strips ?? strips(y);

function params(tile: number, bias: number, { node, x, y }: Placed<'conv'>) {
  return {
    height: y.h,
    width: y.w,
    x_height: x.h,
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    pairs: pairs(y.c),
    across: Math.ceil(y.w / tile),
    strips: rows(node, y),
    branch_quads: quads(y.c / node.attributes.geometry.dilations.length),
    bias,
    stride: node.attributes.geometry.strides[0],
    dilations: Array.from({ length: MAX_BRANCHES }, (_, branch) => node.attributes.geometry.dilations[branch]?.[0] ?? 1),
  };
}

/** Output channel × input channel of its group × tap. */
export function weights(node: NodeOf<'conv'>, read: ReadNumbers): WeightAt {
  const width = groupWidth(node);
  const weight = read(node.constants.weight);
  return (o, i, tap) => weight[(o * width + i) * 9 + tap];
}

export const wide: Variant<'conv'> = {
  name: 'wide',
  shader: 'grouped.wide',
  needs: { software: true, features: ['subgroups'] },
  /** The four lanes of a round must lie in one group. */
  fits: node => groupWidth(node) % 16 === 0,
  /** A pipeline takes a CPU adapter half a second: the stride, which needs none of its own, is a parameter. */
  overrides: placed => {
    const { STRIDE: _, ...others } = grouped.overrides(placed);
    return others;
  },
  params: placed => params(WIDE_TILE.w, wideBiasOffset(placed.y.c, 1, 9 * quads(groupWidth(placed.node))), placed),
  lanes: ({ node, y }) => Math.min(Math.ceil(y.h / WIDE_TILE.h) * Math.ceil(y.w / WIDE_TILE.w), rows(node, y)) * quads(y.c),
  pack(node, read) {
    const across = quads(groupWidth(node));
    const weight = weights(node, read);
    const at = (o: number, i: number, step: number): number => weight(o, (step % across) * 4 + i, Math.floor(step / across));
    return packWide(shapeOf(node.constants.weight)[0], 1, 9 * across, () => at, biasOf(node, read));
  },
};

export const grouped = kernel<'conv'>({
  name: 'grouped',
  ops: ['conv'],
  fits: node => isBranched(node) && Object.keys(node.inputs).length === 1,
  variants: [wide, plain('grouped')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name, attributes }) => ({ y: name, partials: attributes.fused.partials?.name ?? null }),
  overrides: ({ node, y }) => ({
    GROUP: quads(groupWidth(node)),
    STRIDE: node.attributes.geometry.strides[0],
    ...ending(node, y.c),
    SQUEEZE: node.attributes.fused.partials !== undefined,
  }),
  params: placed => params(TILE, biasOffset(placed.y.c, 9, quads(groupWidth(placed.node))), placed),
  lanes: ({ node, y }) => rows(node, y) * pairs(y.c),
  pack(node, read) {
    const out = shapeOf(node.constants.weight)[0];
    const at = weights(node, read);
    return packBlocks(out, 9, quads(groupWidth(node)), () => at, biasOf(node, read));
  },
});
