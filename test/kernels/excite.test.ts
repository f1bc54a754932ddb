// Partial sums to a gate: hidden widths that are no whole quads, more channels than lanes, one strip and many. Data only:
// conformance.test.ts runs it.
import type { Activation } from '../../src/graph/graph.ts';
import { exact, type KernelTable, node, type Row, tensor } from './table.ts';

interface Spec {
  /** Whole quads: the sums come from the grouped convolution, whose channels are. */
  readonly c: number;
  readonly hidden: number;
  readonly strips: number;
  readonly pixels: number;
  readonly gate?: Activation;
}

function row(name: string, { c, hidden, strips, pixels, gate }: Spec): Row {
  const constants = {
    weight1: tensor('weight1', hidden, c, 1, 1),
    bias1: tensor('bias1', hidden),
    weight2: tensor('weight2', c, hidden, 1, 1),
    bias2: tensor('bias2', c),
  };
  return {
    name,
    node: node('excite', { attributes: { hidden, pixels, ...(gate && { gate }) }, constants }),
    inputs: { x: exact(c, strips, 1) },
  };
}

const hard: Activation = { curve: 'hard-sigmoid', a: 1 / 6, b: 0.5 };

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { c: 8, hidden: 1, strips: 1, pixels: 1 },
  'stage 4: 48, 8': { c: 48, hidden: 8, strips: 5, pixels: 35 },
  '128, 12': { c: 128, hidden: 12, strips: 13, pixels: 9 },
  '120, 30': { c: 120, hidden: 30, strips: 3, pixels: 1 },
  '336, 84': { c: 336, hidden: 84, strips: 7, pixels: 3 },
  'as many strips as there can be': { c: 16, hidden: 5, strips: 16384, pixels: 131072 },
  'more quads than lanes': { c: 1036, hidden: 7, strips: 2, pixels: 1 },
  'the most of both': { c: 2048, hidden: 256, strips: 1, pixels: 1 },
  'a hard sigmoid': { c: 72, hidden: 24, strips: 9, pixels: 63, gate: hard },
  'a steep one, of channels that are no whole quads': {
    c: 67,
    hidden: 7,
    strips: 3,
    pixels: 20,
    gate: { curve: 'hard-sigmoid', a: 1.7, b: 0.3 },
  },
};

export const table: KernelTable = {
  kernel: 'excite',
  tolerance: {
    f32: 1e-6,
    half: 1e-6,
    why: 'two layers of float32 sums through a sigmoid, which damps their errors; nothing here is stored as half',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  random: draw =>
    row('', { c: 4 * draw.int(1, 60), hidden: draw.int(1, 90), strips: draw.int(1, 40), pixels: draw.from([1, 7, 300]) }),
};
