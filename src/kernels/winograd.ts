// Winograd's F(2×2, 3×3), what the host does of it: the weights' transform, and how a map is cut into tiles (shaders/conv.winograd.wgsl).
import type { WeightRows } from './blocks.ts';

/** Products a tile of 2×2 pixels, row by row. */
export const PRODUCTS = 16;

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
export function transformWeights(rows: WeightRows): WeightRows {
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
export function tiling({ h, w }: { readonly h: number; readonly w: number }, dilation: number): { across: number; quads: number } {
  const across = Math.ceil(Math.ceil(w / dilation) / SEGMENT);
  const rows = Math.ceil(Math.ceil(h / dilation) / 2);
  const lattices = Math.min(dilation, h) * Math.min(dilation, w);
  return { across, quads: Math.ceil((lattices * rows * across) / SEGMENTS) };
}
