// Truth for the transposed convolution of one group a channel (Caffe's Deconvolution, PyTorch's conv_transpose2d), on a map of tiles.
import type { Decision } from '../graph/decision.ts';
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';

type Geometry = Omit<Attributes['deconv'], 'classes' | keyof Decision>;

/** A cell and the weight's row (or column) that takes it to a pixel. */
interface Tap {
  readonly cell: number;
  readonly k: number;
}

/** For each of `size` pixels along an axis, the cells of its own tile that reach it. */
function taps(cells: number, size: number, tile: number, { kernel, stride, pad }: Geometry): Tap[][] {
  const grown = (tile - 1) * stride + kernel - 2 * pad;
  return Array.from({ length: size }, (_, index) => {
    const first = Math.floor(index / grown) * tile;
    const found: Tap[] = [];
    for (let cell = first; cell < Math.min(first + tile, cells); cell++) {
      const k = (index % grown) + pad - stride * (cell - first);
      if (k >= 0 && k < kernel) found.push({ cell, k });
    }
    return found;
  });
}

/**
 * y[c, v, u] = Σ w[c, ky, kx]·x[c, i, j] over the cells (i, j) of the pixel's tile with v = stride·i + ky − pad and u likewise. Each tile
 * grows alone to (tile − 1)·stride + kernel − 2·pad pixels, one stands after another, and h×w of them are kept. `weight` is
 * c × kernel × kernel.
 */
export function deconv(x: Field, weight: Float64Array, geometry: Geometry): Field {
  const { kernel, h, w, tile } = geometry;
  const y = field({ c: x.c, h, w });
  const rows = taps(x.h, h, tile?.h ?? x.h, geometry);
  const columns = taps(x.w, w, tile?.w ?? x.w, geometry);
  for (let c = 0; c < x.c; c++) {
    rows.forEach((down, v) => {
      columns.forEach((right, u) => {
        let sum = 0;
        for (const row of down) {
          for (const column of right)
            sum += weight[(c * kernel + row.k) * kernel + column.k] * x.data[(c * x.h + row.cell) * x.w + column.cell];
        }
        y.data[(c * h + v) * w + u] = sum;
      });
    });
  }
  return y;
}
