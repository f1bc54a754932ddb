// Truth for the flow warp of SFNet (Li et al., arXiv 2002.10120) as RegSeg's code has it.
import { type Field, field } from './field.ts';

/** −1 … 1 in `size` steps, both ends included. */
const linspace = (index: number, size: number): number => (size > 1 ? -1 + (2 * index) / (size - 1) : -1);

/**
 * y[v, u] = x at the grid point linspace + flow / size of the result, bilinear, zero outside (grid_sample with align_corners=False:
 * −1 and 1 are the outer edges of the border pixels). Flow channel 0 moves along a row.
 */
export function warp(x: Field, flow: Field): Field {
  const { h, w } = flow;
  const y = field({ c: x.c, h, w });
  for (let v = 0; v < h; v++) {
    for (let u = 0; u < w; u++) {
      const column = ((linspace(u, w) + flow.data[v * w + u] / w + 1) * x.w - 1) / 2;
      const row = ((linspace(v, h) + flow.data[(h + v) * w + u] / h + 1) * x.h - 1) / 2;
      const [left, top] = [Math.floor(column), Math.floor(row)];
      const [s, t] = [column - left, row - top];
      for (let c = 0; c < x.c; c++) {
        const at = (i: number, j: number): number => (i >= 0 && i < x.h && j >= 0 && j < x.w ? x.data[(c * x.h + i) * x.w + j] : 0);
        const upper = at(top, left) * (1 - s) + at(top, left + 1) * s;
        const lower = at(top + 1, left) * (1 - s) + at(top + 1, left + 1) * s;
        y.data[(c * h + v) * w + u] = upper * (1 - t) + lower * t;
      }
    }
  }
  return y;
}
