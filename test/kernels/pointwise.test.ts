// The 1×1 convolution with everything that a pass may fuse into it. Data only: conformance.test.ts runs it.
import type { Fused, Value } from '../../src/graph/graph.ts';
import { fusing } from '../../src/passes/pass.ts';
import {
  type ConvSpec,
  convRow,
  drawChannels,
  drawPlace,
  drawSize,
  ends,
  exact,
  type KernelTable,
  map,
  type Row,
  tensor,
} from './table.ts';

interface Spec extends Omit<ConvSpec, 'kernel' | 'stride' | 'dilations' | 'pads' | 'groups' | 'strips' | 'pooled'> {
  readonly gate?: boolean;
  /** Form, channels, and for a pooled one the height and width before the pool. */
  readonly shortcut?: readonly [NonNullable<Fused['shortcut']>, number, ...(readonly number[])];
  readonly residual?: boolean;
  /** Height and width of the coarse map. */
  readonly addend?: readonly [number, number];
  readonly join?: Row['join'];
  readonly most?: number;
  readonly halfWeights?: boolean;
}

function row(name: string, spec: Spec): Row {
  const { i, o, h, w, gate, shortcut, residual, addend, join, most, halfWeights } = spec;
  const { node, inputs } = convRow(spec);
  const [form, sc, ...before] = shortcut ?? [undefined, 0];
  const [sh, sw] = form === 'pooled' ? before : [h, w];
  const extra: Record<string, Value> = {
    ...(gate ? { gate: exact(i, 1, 1) } : {}),
    ...(shortcut ? { shortcut: map(sc, sh, sw) } : {}),
    ...(residual ? { residual: map(o, h, w) } : {}),
    ...(addend ? { addend: map(o, ...addend) } : {}),
  };
  const roles = Object.fromEntries(Object.keys(extra).map(role => [role, role]));
  return {
    name,
    node: {
      ...node,
      inputs: { ...node.inputs, ...roles },
      attributes: fusing(node, form ? { shortcut: form } : {}),
      constants: { ...node.constants, ...(shortcut ? { shortcut: tensor('shortcut', o, sc, 1, 1) } : {}) },
    },
    inputs: { ...inputs, ...extra },
    join,
    most,
    halfWeights,
  };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { i: 8, o: 8, h: 1, w: 1 },
  '3→5 bias, one pixel': { i: 3, o: 5, h: 1, w: 1, bias: true },
  'classifier 64→19': { i: 64, o: 19, h: 3, w: 5, bias: true },
  'gelu behind a residual, a last quad of three': { i: 12, o: 19, h: 3, w: 7, residual: true, activation: ends('gelu') },
  'prelu, an addend': { i: 20, o: 40, h: 6, w: 7, bias: true, addend: [3, 4], activation: ends('prelu') },
  '12→19': { i: 12, o: 19, h: 3, w: 7 },
  '19→12 relu': { i: 19, o: 12, h: 5, w: 5, relu: true },
  '5→3 one column': { i: 5, o: 3, h: 17, w: 1, bias: true, relu: true },
  '8→8 one row': { i: 8, o: 8, h: 1, w: 9 },
  '8→24 whole tiles': { i: 8, o: 24, h: 4, w: 8, bias: true, relu: true },
  '264→16 long sums': { i: 264, o: 16, h: 2, w: 3, bias: true },
  'into the end of a join': { i: 8, o: 8, h: 5, w: 3, bias: true, relu: true, join: { from: 12, c: 20 } },
  'odd width into a join': { i: 12, o: 19, h: 3, w: 3, bias: true, join: { from: 4, c: 23 } },
  'folded grid': { i: 8, o: 24, h: 33, w: 19, relu: true, most: 3 },
  'gate on 5 channels': { i: 5, o: 12, h: 3, w: 3, gate: true },
  residual: { i: 12, o: 5, h: 3, w: 7, residual: true },
  'gate, residual, relu': { i: 24, o: 24, h: 7, w: 5, bias: true, gate: true, residual: true, relu: true },
  shortcut: { i: 24, o: 24, h: 3, w: 5, bias: true, shortcut: ['same', 16], relu: true },
  'gate, shortcut': { i: 24, o: 24, h: 5, w: 7, bias: true, gate: true, shortcut: ['same', 12], relu: true },
  'pooled, odd map': { i: 24, o: 24, h: 3, w: 4, bias: true, gate: true, shortcut: ['pooled', 12, 5, 7], relu: true },
  'pooled, even map': { i: 24, o: 8, h: 3, w: 4, gate: true, shortcut: ['pooled', 12, 6, 8], relu: true },
  'pooled, one pixel': { i: 8, o: 8, h: 1, w: 1, bias: true, shortcut: ['pooled', 5, 1, 1] },
  'pooled, two pixels in a column': { i: 8, o: 12, h: 1, w: 1, shortcut: ['pooled', 8, 2, 1] },
  'pooled, one row': { i: 8, o: 8, h: 1, w: 5, shortcut: ['pooled', 7, 1, 9] },
  'relu, then addend': { i: 16, o: 24, h: 5, w: 7, bias: true, relu: true, addend: [3, 4] },
  'addend of one pixel': { i: 13, o: 19, h: 3, w: 5, relu: true, addend: [1, 1] },
  'addend that shrinks': { i: 8, o: 8, h: 3, w: 4, bias: true, addend: [7, 9] },
  'half weights': { i: 19, o: 21, h: 5, w: 3, bias: true, shortcut: ['same', 5], relu: true, halfWeights: true },
  // Enough channels for rows whose lanes share them by eights.
  'eights of lanes, odd width into a join': { i: 30, o: 35, h: 5, w: 7, bias: true, relu: true, join: { from: 4, c: 39 } },
  'eights of lanes, gate, residual, gelu': { i: 28, o: 40, h: 3, w: 11, gate: true, residual: true, activation: ends('gelu') },
  'eights of lanes, prelu': { i: 30, o: 40, h: 3, w: 5, bias: true, activation: ends('prelu') },
  'eights of lanes, four quads left twice': { i: 45, o: 40, h: 3, w: 5, bias: true, shortcut: ['same', 15], relu: true },
  // Weights of more than a row of texels.
  'eights of lanes, gate, pooled shortcut': { i: 125, o: 72, h: 4, w: 9, gate: true, shortcut: ['pooled', 27, 7, 17], relu: true },
  'eights of lanes, addend, half weights': { i: 29, o: 37, h: 5, w: 13, relu: true, addend: [3, 4], halfWeights: true, most: 1 },
  'whole workgroups': { i: 4, o: 123, h: 125, w: 131, bias: true },
  'all at once': {
    ...{ i: 19, o: 21, h: 5, w: 3, bias: true, gate: true, shortcut: ['pooled', 5, 9, 6], residual: true, relu: true },
    ...{ addend: [2, 2], join: { from: 8, c: 32 }, most: 1 },
  },
};

export const table: KernelTable = {
  kernel: 'pointwise',
  tolerance: {
    f32: 2e-6,
    half: 1e-3,
    why: 'sums of up to 264 float32 products; a stored half is off by at most 2^-10 where the hardware truncates',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: [
    ...['one pixel', '12→19', '264→16 long sums', 'odd width into a join', '5→3 one column', 'folded grid', 'half weights'],
    ...['whole workgroups', 'all at once'],
  ],
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const { h, w } = drawSize(draw);
    const o = draw.int(1, 25);
    const { shortcut, addend } = spec;
    return row('', {
      ...spec,
      ...{ i: drawChannels(draw, spec.i), o, h, w, bias: draw.once(2) },
      shortcut: shortcut && [shortcut[0], drawChannels(draw, shortcut[1]), 2 * h - draw.int(0, 1), 2 * w - draw.int(0, 1)],
      addend: addend && [draw.int(1, 9), draw.int(1, 9)],
      ...drawPlace(draw, o),
    });
  },
};
