// Truth for the flow warp of SFNet (Li et al., arXiv 2002.10120).
import type { Attributes } from '../graph/graph.ts';
import { type Field, field } from './field.ts';
import { sample } from './sample.ts';

/** −1 … 1 in `size` steps, both ends included. */
const linspace = (index: number, size: number): number => (size > 1 ? -1 + (2 * index) / (size - 1) : -1);

/** x sampled at linspace + flow, which is in pixels of the result (÷ its size) unless it is `scaled`. Flow channel 0 moves along a row. */
export function warp(x: Field, flow: Field, { scaled, ...attributes }: Attributes['warp']): Field {
  const { h, w } = flow;
  const grid = field({ c: 2, h, w });
  for (let v = 0; v < h; v++) {
    for (let u = 0; u < w; u++) {
      const [across, down] = [v * w + u, (h + v) * w + u];
      grid.data[across] = linspace(u, w) + flow.data[across] / (scaled ? 1 : w);
      grid.data[down] = linspace(v, h) + flow.data[down] / (scaled ? 1 : h);
    }
  }
  return sample(x, grid, attributes);
}
