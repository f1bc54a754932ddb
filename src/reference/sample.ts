// Truth for grid sampling, bilinear (ONNX's GridSample, PyTorch's grid_sample).
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** A place beyond the map, mirrored at its edges (or at the centres of its corners) until it is within. */
function mirrored(at: number, size: number, corners: boolean): number {
  const [low, span] = corners ? [0, size - 1] : [-0.5, size];
  if (span === 0) return 0;
  const turn = (((at - low) % (2 * span)) + 2 * span) % (2 * span);
  return Math.min(Math.max(low + (turn > span ? 2 * span - turn : turn), 0), size - 1);
}

/** y[v, u] = x at the grid's point, of its four neighbours; beyond the map zeros, the border, or its reflection. */
export function sample(x: Field, grid: Field, { corners, outside }: Attributes['sample']): Field {
  const { h, w } = grid;
  const y = field({ c: x.c, h, w });
  const place = (point: number, size: number): number => {
    const at = corners ? ((point + 1) * (size - 1)) / 2 : ((point + 1) * size - 1) / 2;
    if (outside === 'zeros') return at;
    return outside === 'border' ? Math.min(Math.max(at, 0), size - 1) : mirrored(at, size, corners);
  };
  for (let n = 0; n < h * w; n++) {
    const [column, row] = [place(grid.data[n], x.w), place(grid.data[h * w + n], x.h)];
    const [left, top] = [Math.floor(column), Math.floor(row)];
    const [s, t] = [column - left, row - top];
    for (let c = 0; c < x.c; c++) {
      const at = (i: number, j: number): number => (i >= 0 && i < x.h && j >= 0 && j < x.w ? x.data[(c * x.h + i) * x.w + j] : 0);
      const upper = at(top, left) * (1 - s) + at(top, left + 1) * s;
      const lower = at(top + 1, left) * (1 - s) + at(top + 1, left + 1) * s;
      y.data[c * h * w + n] = upper * (1 - t) + lower * t;
    }
  }
  return y;
}
