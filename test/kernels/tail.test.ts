// The decoder's last convolution: a concat in its operand, a classifier in its epilogue, both and none of its tiles whole. Data only:
// conformance.test.ts runs it.
import { convRow, drawPlace, drawSize, type KernelTable, map, type Row, tensor } from './table.ts';

interface Spec extends Pick<Row, 'join' | 'most'> {
  /** Channels of x, whole quads where something lies beside it. */
  readonly i: number;
  readonly o: 32 | 64 | 128;
  readonly h: number;
  readonly w: number;
  /** Height and width of x, which is resized, and the channels beside it. */
  readonly beside?: readonly [number, number, number];
  readonly classes?: number;
  readonly bias?: boolean;
  readonly relu?: boolean;
}

function row(name: string, { i, o, h, w, beside, classes, bias = true, relu = true, join, most }: Spec): Row {
  const [xh, xw, extra] = beside ?? [h, w, 0];
  const { node } = convRow({ i: i + extra, o, h, w, kernel: [3, 3], pads: [1], bias, relu });
  const project = classes
    ? { project: tensor('project', classes, o, 1, 1), ...(bias ? { projectBias: tensor('projectBias', classes) } : {}) }
    : {};
  return {
    name,
    node: {
      ...node,
      inputs: { ...node.inputs, ...(beside ? { beside: 'beside' } : {}) },
      constants: { ...node.constants, ...project },
    },
    inputs: { x: map(i, xh, xw), ...(beside ? { beside: map(extra, h, w) } : {}) },
    join,
    most,
  };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { i: 8, o: 64, h: 1, w: 1, classes: 5 },
  '64 + 8 → 64 → 19': { i: 64, o: 64, h: 19, w: 33, beside: [10, 17, 8], classes: 19 },
  '128 + 16 → 128 → 19': { i: 128, o: 128, h: 9, w: 17, beside: [5, 9, 16], classes: 19 },
  'a classifier alone': { i: 21, o: 128, h: 5, w: 18, classes: 11, bias: false },
  'a concat alone': { i: 8, o: 64, h: 17, w: 16, beside: [9, 8, 3], relu: false },
  'whole tiles of 32 channels': { i: 5, o: 32, h: 32, w: 32, classes: 32 },
  'one column, shrunk': { i: 4, o: 64, h: 23, w: 1, beside: [40, 3, 9], classes: 1 },
  'one row, from one pixel': { i: 12, o: 32, h: 1, w: 35, beside: [1, 1, 5], bias: false },
  'into a join': { i: 8, o: 64, h: 5, w: 3, beside: [3, 2, 4], classes: 6, join: { from: 4, c: 15 } },
  'folded grid': { i: 8, o: 64, h: 33, w: 35, classes: 7, most: 2 },
};

export const table: KernelTable = {
  kernel: 'tail',
  tolerance: {
    f32: 6e-6,
    half: 1e-3,
    why: 'sums of up to 128 float32 products of sums of up to 1296, between weights from float32 positions; a stored half is off by 2^-10',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: Object.keys(specs),
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const { h, w } = drawSize(draw, 37);
    const { o, classes, beside } = spec;
    return row('', {
      ...{ ...spec, h, w, classes: classes && Math.max(Math.ceil(classes / 4) * 4 - draw.int(0, 3), 1) },
      beside: beside && [draw.int(1, 20), draw.int(1, 20), beside[2]],
      ...drawPlace(draw, classes ? Math.ceil(classes / 4) * 4 : o),
    });
  },
};
