// The 1×1 convolution that makes its own gate: hidden widths that are no whole quads, few and many rows of sums, more than one block of
// pixels and of channels. Data only: conformance.test.ts runs it.
import type { Fused, NodeOf, Value } from '../../src/graph/graph.ts';
import { fusing } from '../../src/passes/pass.ts';
import { convRow, drawChannels, drawPlace, drawSize, exact, type KernelTable, map, type Row, tensor } from './table.ts';

export interface Spec extends Pick<Row, 'join' | 'most'> {
  /** Whole quads: the sums come from the grouped convolution, whose channels are. */
  readonly i: number;
  readonly o: number;
  readonly h: number;
  readonly w: number;
  readonly hidden: number;
  readonly strips: number;
  readonly bias?: boolean;
  /** Form, channels, and for a pooled one the height and width before the pool. */
  readonly shortcut?: readonly [NonNullable<Fused['shortcut']>, number, ...(readonly number[])];
  readonly residual?: boolean;
  readonly relu?: boolean;
}

export function row(
  name: string,
  { i, o, h, w, hidden, strips, bias, shortcut, residual, relu, join, most }: Spec,
): Row & { node: NodeOf<'conv'> } {
  const { node, inputs } = convRow({ i, o, h, w, bias, relu });
  const [form, sc, ...before] = shortcut ?? [undefined, 0];
  const [sh, sw] = form === 'pooled' ? before : [h, w];
  const extra: Record<string, Value> = {
    sums: exact(i, strips, 1),
    ...(shortcut ? { shortcut: map(sc, sh, sw) } : {}),
    ...(residual ? { residual: map(o, h, w) } : {}),
  };
  const roles = Object.fromEntries(Object.keys(extra).map(role => [role, role]));
  return {
    name,
    node: {
      ...node,
      inputs: { ...node.inputs, ...roles },
      attributes: fusing(node, { ...(form && { shortcut: form }), squeezed: 2 * strips }),
      constants: {
        ...node.constants,
        ...(shortcut ? { shortcut: tensor('shortcut', o, sc, 1, 1) } : {}),
        weight1: tensor('weight1', hidden, i, 1, 1),
        bias1: tensor('bias1', hidden),
        weight2: tensor('weight2', i, hidden, 1, 1),
        bias2: tensor('bias2', i),
      },
    },
    inputs: { ...inputs, ...extra },
    join,
    most,
  };
}

const specs: Readonly<Record<string, Spec>> = {
  'one pixel': { i: 8, o: 8, h: 1, w: 1, hidden: 1, strips: 1 },
  'stage 4: 48, 8, pooled': {
    ...{ i: 48, o: 48, h: 9, w: 15, hidden: 8, strips: 40, bias: true, relu: true },
    shortcut: ['pooled', 32, 17, 29],
  },
  'residual, more channels than a workgroup': {
    ...{ i: 128, o: 128, h: 5, w: 13, hidden: 12, strips: 64, bias: true, relu: true, residual: true },
  },
  'an odd number of quads, several blocks of pixels': { i: 12, o: 19, h: 19, w: 29, hidden: 30, strips: 3, bias: true },
  'odd quads on both sides': { i: 20, o: 72, h: 3, w: 5, hidden: 6, strips: 7, relu: true, shortcut: ['same', 12] },
  'hidden 84': { i: 336, o: 40, h: 3, w: 3, hidden: 84, strips: 5, bias: true, relu: true, shortcut: ['same', 120] },
  'as many gates as there can be': { i: 1024, o: 8, h: 2, w: 2, hidden: 256, strips: 2, bias: true },
  'pooled, even map, into a join': {
    ...{ i: 16, o: 24, h: 3, w: 4, hidden: 5, strips: 2, shortcut: ['pooled', 12, 6, 8], relu: true },
    join: { from: 8, c: 36 },
  },
  'folded grid': { i: 16, o: 136, h: 21, w: 17, hidden: 4, strips: 9, residual: true, most: 2 },
};

export const table: KernelTable = {
  kernel: 'gated',
  tolerance: {
    f32: 4e-6,
    half: 1e-3,
    why: 'sums of up to 1024 float32 products by gates that are sums of products themselves; a stored half is off by at most 2^-10',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: Object.keys(specs),
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const { h, w } = drawSize(draw);
    const o = drawChannels(draw, spec.o);
    const { shortcut } = spec;
    return row('', {
      ...{ ...spec, o, h, w, hidden: draw.int(1, 70), strips: draw.int(1, 70), bias: draw.once(2) },
      shortcut: shortcut && [shortcut[0], shortcut[1], 2 * h - draw.int(0, 1), 2 * w - draw.int(0, 1)],
      ...drawPlace(draw, o),
    });
  },
};
