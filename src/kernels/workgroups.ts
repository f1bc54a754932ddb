// The rows with workgroup memory of kernels that have others as well. By kernel, apart from them: a page fetches these rows where barriers are cheap. Shaders:
// conv.workgroup.wgsl, pointwise.workgroup.wgsl, grouped.workgroup.wgsl, grouped.workgroup8.wgsl.
import { quads } from '../graph/layout.ts';
import { pairs } from './blocks.ts';
import { finishing, steps } from './conv.ts';
import { groupWidth, rows } from './grouped.ts';
import type { Placed, Variant } from './kernel.ts';
import { depths, flags } from './pointwise.ts';
import { stagedCut, stagedRow } from './staged.ts';

/** The corners of a pool's windows are summed as pixels. */
const cut = ({ node, y }: Placed<'conv'>) => stagedCut(y.h * y.w * (node.attributes.fused.pooled ? 4 : 1), pairs(y.c));

const conv = stagedRow(
  'conv.workgroup',
  cut,
  node => [steps(node)],
  ({ node, x, y }) => ({
    QUADS: quads(x.c),
    COLUMNS: node.attributes.geometry.kernel[1],
    ...finishing(node, y.c),
    VALID: node.attributes.geometry.pads.flat().every(pad => pad === 0),
    POOL: node.attributes.fused.pooled !== undefined,
  }),
);

const pointwise = stagedRow('pointwise.workgroup', cut, depths, placed => ({
  SHORTCUT: 'shortcut' in placed.node.inputs,
  ...flags(placed),
  ADDEND: 'addend' in placed.node.inputs,
}));

/** Of a workgroup of `grouped.workgroup`: its lanes, and the pairs of quads that they share. */
const LANES = 256;
const PAIRS = 4;

const grouped: Variant<'conv'> = {
  name: 'workgroup',
  shader: 'grouped.workgroup',
  needs: { barriers: true },
  /** A lane's sixteen channels must lie in one group. */
  fits: node => groupWidth(node) % 16 === 0,
  lanes: ({ node, y }) => rows(node, y) * Math.ceil(pairs(y.c) / PAIRS) * LANES,
};

/** Of the nodes that the former leaves: a lane has eight channels. */
const grouped8: Variant<'conv'> = { ...grouped, shader: 'grouped.workgroup8', fits: node => !grouped.fits!(node) };

/** By kernel. */
export const workgroups = {
  conv: [conv],
  pointwise: [pointwise],
  grouped: [grouped, grouped8],
} as unknown as Readonly<Record<string, readonly Variant[]>>;
