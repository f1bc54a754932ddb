// The middle of a D block: group widths, branches, dilations wider than the map, and the squeeze's partial sums. Data only:
// conformance.test.ts runs it.
import type { Activation } from '../../src/graph/graph.ts';
import { strips } from '../../src/graph/ops.ts';
import { convRow, drawPlace, drawSize, ends, type KernelTable, type Row } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most'> {
  readonly c: number;
  /** Channels of a group. */
  readonly group: number;
  readonly h: number;
  readonly w: number;
  /** One a branch; default a single 1. */
  readonly rates?: readonly number[];
  readonly stride?: 1 | 2;
  readonly bias?: boolean;
  readonly relu?: boolean;
  readonly activation?: Activation;
  readonly squeeze?: boolean;
  /** Rows of sums; default as many as lanes without barriers leave. */
  readonly strips?: number;
}

function row(
  name: string,
  { c, group, h, w, rates = [1], stride = 1, bias, relu, activation, squeeze, join, most, ...rest }: Spec,
): Row {
  const y = { c, h: Math.ceil(h / stride), w: Math.ceil(w / stride) };
  const rows = squeeze ? (rest.strips ?? strips(y)) : undefined;
  const conv = convRow({
    ...{ i: c, o: c, h, w, kernel: [3, 3], groups: c / group, dilations: rates, pads: rates, stride, bias, strips: rows },
    ...{ relu, activation },
  });
  return { name, ...conv, join, most };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { c: 16, group: 8, h: 1, w: 1, squeeze: true },
  'one pixel, every tap but one outside': { c: 32, group: 16, h: 1, w: 1, rates: [14], bias: true, relu: true, squeeze: true },
  'one column': { c: 16, group: 8, h: 9, w: 1, squeeze: true },
  'one row': { c: 32, group: 16, h: 1, w: 11, bias: true, relu: true, squeeze: true },
  'narrower than the dilation': { c: 64, group: 16, h: 5, w: 3, rates: [1, 14], bias: true, relu: true, squeeze: true },
  'lower than the dilation': { c: 64, group: 16, h: 3, w: 17, rates: [1, 4], bias: true, relu: true, squeeze: true },
  'whole tiles': { c: 48, group: 16, h: 4, w: 16, bias: true, relu: true, squeeze: true },
  'four branches': { c: 64, group: 16, h: 7, w: 13, rates: [1, 6, 12, 18], bias: true, relu: true, squeeze: true },
  'four branches of 8': { c: 32, group: 8, h: 5, w: 9, rates: [1, 2, 3, 4] },
  'groups of 32': { c: 64, group: 32, h: 3, w: 18, rates: [1, 3], bias: true, relu: true, squeeze: true },
  'groups of 32, stride 2': { c: 64, group: 32, h: 6, w: 5, stride: 2 },
  'groups of 24': { c: 48, group: 24, h: 5, w: 7, bias: true, relu: true, squeeze: true },
  'groups of 24, two branches': { c: 96, group: 24, h: 3, w: 9, rates: [1, 14], bias: true, relu: true, squeeze: true },
  'stride 2, odd map': { c: 32, group: 16, h: 5, w: 7, stride: 2, bias: true, relu: true, squeeze: true },
  'stride 2, even map': { c: 32, group: 16, h: 6, w: 18, stride: 2, bias: true, relu: true, squeeze: true },
  'stride 2, one pixel': { c: 48, group: 24, h: 1, w: 1, stride: 2, bias: true },
  'stride 2, dilated': { c: 32, group: 8, h: 7, w: 33, rates: [2, 4], stride: 2, relu: true },
  'stride 2, groups of 24': { c: 48, group: 24, h: 9, w: 5, stride: 2, bias: true },
  'few strips': { c: 64, group: 16, h: 33, w: 61, rates: [1, 3], bias: true, relu: true, squeeze: true, strips: 3 },
  'one strip of many tiles': { c: 16, group: 8, h: 67, w: 17, squeeze: true, strips: 1 },
  'more tiles than strips': { c: 2048, group: 8, h: 131, w: 3, squeeze: true },
  'two tiles of a row, taps far apart': { c: 64, group: 16, h: 2, w: 70, rates: [1, 14], bias: true, squeeze: true },
  'stride 2, two tiles of a row': { c: 32, group: 16, h: 3, w: 70, stride: 2, relu: true, squeeze: true },
  'further than a row by matrices has room for': { c: 32, group: 16, h: 2, w: 71, rates: [1, 30], bias: true, squeeze: true },
  'no squeeze': { c: 32, group: 16, h: 3, w: 5, bias: true, relu: true },
  'into a join': { c: 16, group: 8, h: 3, w: 5, join: { from: 12, c: 30 } },
  'swish, its sums': { c: 32, group: 16, h: 3, w: 11, bias: true, activation: ends('swish'), squeeze: true },
  'folded grid': { c: 48, group: 16, h: 13, w: 9, bias: true, relu: true, most: 2 },
};

export const table: KernelTable = {
  kernel: 'grouped',
  tolerance: {
    f32: 2e-6,
    half: 1e-3,
    why: 'sums of up to 288 float32 products; a stored half is off by at most 2^-10. Partial sums are float32 in every precision',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: [
    ...[
      'one pixel',
      'one column',
      'narrower than the dilation',
      'four branches of 8',
      'groups of 24, two branches',
      'stride 2, odd map',
      'groups of 32, stride 2',
      'stride 2, dilated',
    ],
    ...['few strips', 'one strip of many tiles', 'no squeeze', 'into a join', 'folded grid'],
  ],
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const branches = draw.from([1, 2, 4]);
    const c = Math.max(spec.group * branches * draw.int(1, 2), 2 * spec.group);
    return row('', {
      ...{ ...spec, ...drawSize(draw), c, bias: draw.once(2) },
      strips: spec.squeeze && draw.once(2) ? draw.int(1, 9) : undefined,
      rates: Array.from({ length: branches }, () => draw.int(1, 15)),
      ...drawPlace(draw, c),
    });
  },
};
