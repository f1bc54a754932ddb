// Truth for grid sampling (ONNX's GridSample, PyTorch's grid_sample).
import { roundToEven } from '../graph/formulas.ts';
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

/** A place beyond the map, mirrored at its edges (or at the centres of its corners) until it is within. */
function mirrored(at: number, size: number, corners: boolean): number {
  const [low, span] = corners ? [0, size - 1] : [-0.5, size];
  if (span === 0) return 0;
  const turn = (((at - low) % (2 * span)) + 2 * span) % (2 * span);
  return Math.min(Math.max(low + (turn > span ? 2 * span - turn : turn), 0), size - 1);
}

/** Keys's cubic, t from the middle (Keys, 1981). */
function cubic(t: number): number {
  const a = -0.75;
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a : 0;
}

/** y[v, u] = x at the grid's point, of its neighbours; beyond the map zeros, the border, or its reflection. */
export function sample(x: Field, grid: Field, { corners, outside, mode }: Attributes['sample']): Field {
  const { h, w } = grid;
  const y = field({ c: x.c, h, w });
  const within = (at: number, size: number): number => {
    if (outside === 'zeros') return at;
    return outside === 'border' ? Math.min(Math.max(at, 0), size - 1) : mirrored(at, size, corners);
  };
  /** Pixels and weights along one axis. */
  const taps = (point: number, size: number): [place: number, weight: number][] => {
    const at = corners ? ((point + 1) * (size - 1)) / 2 : ((point + 1) * size - 1) / 2;
    if (mode === 'nearest') return [[roundToEven(within(at, size)), 1]];
    if (mode === 'cubic') {
      const first = Math.floor(at) - 1;
      return [0, 1, 2, 3].map(n => [within(first + n, size), cubic(Math.abs(at - first - n))]);
    }
    const place = within(at, size);
    const first = Math.floor(place);
    return [
      [first, 1 - (place - first)],
      [first + 1, place - first],
    ];
  };
  for (let n = 0; n < h * w; n++) {
    const [columns, rows] = [taps(grid.data[n], x.w), taps(grid.data[h * w + n], x.h)];
    for (let c = 0; c < x.c; c++) {
      let sum = 0;
      for (const [i, down] of rows)
        for (const [j, across] of columns)
          if (i >= 0 && i < x.h && j >= 0 && j < x.w) sum += x.data[(c * x.h + i) * x.w + j] * down * across;
      y.data[c * h * w + n] = sum;
    }
  }
  return y;
}
