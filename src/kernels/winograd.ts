// Winograd's F(2×2, 3×3): the row of the dense convolution, and what the host does of it: the weights' transform, and how a map is cut into tiles
// (shaders/conv.winograd.wgsl). Apart from the kernel: RegSeg has no step for it.
import { shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, packBlocks, pairs, type WeightRows } from './blocks.ts';
import { biasOf, finishing, params, weights, wide } from './conv.ts';
import type { Placed, Variant } from './kernel.ts';

/** Products a tile of 2×2 pixels, row by row. */
const PRODUCTS = 16;

/** Pixels of a row that a segment of four tiles makes, and the segments of a lane. */
const SEGMENT = 8;
const SEGMENTS = 4;

/** What three weights of a row or column become. */
const G = [
  [1, 0, 0],
  [1 / 2, 1 / 2, 1 / 2],
  [1 / 2, -1 / 2, 1 / 2],
  [0, 0, 1],
];

/** G g Gᵀ of each 3×3 kernel g, in float64: what was a tap is a product. */
function transformWeights(rows: WeightRows): WeightRows {
  return (first, end) => {
    const weight = rows(first, end);
    return (o, i, product) => {
      const [down, across] = [G[product >> 2], G[product & 3]];
      let sum = 0;
      for (let tap = 0; tap < 9; tap++) sum += down[Math.floor(tap / 3)] * across[tap % 3] * weight(o, i, tap);
      return sum;
    };
  };
}

/** Segments of a lattice of pixels `dilation` apart, and the quads of lanes for all lattices; their last may be partly idle. */
function tiling({ h, w }: { readonly h: number; readonly w: number }, dilation: number): { across: number; quads: number } {
  const across = Math.ceil(Math.ceil(w / dilation) / SEGMENT);
  const rows = Math.ceil(Math.ceil(h / dilation) / 2);
  const lattices = Math.min(dilation, h) * Math.min(dilation, w);
  return { across, quads: Math.ceil((lattices * rows * across) / SEGMENTS) };
}

/** Beyond this dilation the lattices of the usual maps are narrower than a segment of tiles: at 8 on 39×41 `wide` takes 3/4 of the time. */
const MOST_DILATION = 4;
/** Up to so many input channels the transforms outweigh what they spare. */
export const FEW_INPUTS = 16;
/**
 * From more on; else only where `wide` is no rival. Below, what RegSeg's frame gains on SwiftShader (3 %) is repaid after a hundred frames and more, for
 * this pipeline takes two seconds longer to compile there.
 */
const INPUTS = 128;

const tilingOf = ({ node: { attributes }, y }: Placed<'conv'>) =>
  tiling(attributes.fused.pooled ?? y, attributes.geometry.dilations[0][0]);

/** 3×3 with stride 1, of maps that fill segments of tiles. */
export function isPossible({ attributes: { geometry, fused } }: NodeOf<'conv'>): boolean {
  const { kernel, strides, dilations } = geometry;
  return kernel.every(size => size === 3) && strides[0] === 1 && dilations[0][0] <= (fused.pooled ? 1 : MOST_DILATION);
}

export const winograd: Variant<'conv'> = {
  name: 'winograd',
  shader: 'conv.winograd',
  weightsGrow: PRODUCTS / 9,
  needs: { software: true, features: ['subgroups'] },
  fits: node => isPossible(node) && (shapeOf(node.constants.weight)[1] > INPUTS || !wide.fits?.(node)),
  overrides: ({ node, y }) => ({ ...finishing(node, y.c), POOL: node.attributes.fused.pooled !== undefined }),
  params: placed => ({
    ...params(1, biasOffset(placed.y.c, PRODUCTS, quads(placed.x.c)), placed),
    across: tilingOf(placed).across,
  }),
  lanes: placed => tilingOf(placed).quads * 4 * pairs(placed.y.c),
  pack(node, read, store) {
    const [out, inputs] = shapeOf(node.constants.weight);
    return packBlocks(out, PRODUCTS, quads(inputs), transformWeights(weights(node, read)), biasOf(node, read), store);
  },
};

/** By kernel. */
export const winograds = { conv: winograd } as unknown as Readonly<Record<string, Variant>>;
