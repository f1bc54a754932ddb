// The end of a block and the 1×1 behind it: tiles that overhang at the right and below, fewer channels kept than lanes have room for, results of
// more than a turn, with a second map and without. Data only: conformance.test.ts runs it.
import { type NodeOf, relu } from '../../src/graph/graph.ts';
import { fusing } from '../../src/passes/pass.ts';
import { type Spec as GatedSpec, row as gatedRow } from './gated.test.ts';
import { drawPlace, drawSize, type KernelTable, type Row, tensor } from './table.ts';

interface Spec extends Omit<GatedSpec, 'residual'> {
  /** Channels of the result; of them, behind so many, those of the second map. */
  readonly project: readonly [number, number?];
  readonly second?: 'relu';
  readonly halved?: true;
}

function row(name: string, { project: [out, split], second, halved, ...first }: Spec): Row {
  const { node, ...rest } = gatedRow(name, first);
  const [fields, constants] = [
    {
      ...(second && { projected: relu }),
      ...(halved && { halved: 'halved' }),
      ...(split && { also: { name: 'also', split } }),
    },
    { project: tensor('project', out, first.o, 1, 1), ...(first.bias ? { projectBias: tensor('projectBias', out) } : {}) },
  ];
  const made: NodeOf<'conv'> = { ...node, attributes: fusing(node, fields), constants: { ...node.constants, ...constants } };
  return { ...rest, name, node: made };
}

const specs: Readonly<Record<string, Spec>> = {
  'stage 4 and what follows': {
    ...{ i: 48, o: 48, h: 5, w: 37, hidden: 8, strips: 40, bias: true, relu: true, shortcut: ['same', 32] },
    ...{ project: [136, 128], second: 'relu', halved: true },
  },
  'one pixel': { i: 8, o: 8, h: 1, w: 1, hidden: 1, strips: 1, project: [5], halved: true },
  'a pooled shortcut, three parts of the lanes, no means': {
    ...{ i: 16, o: 24, h: 4, w: 33, hidden: 5, strips: 3, relu: true, shortcut: ['pooled', 8, 7, 65], project: [49] },
  },
  'many gates, into a join, folded grid': {
    ...{ i: 256, o: 40, h: 7, w: 34, hidden: 70, strips: 2, bias: true, project: [20], second: 'relu', halved: true },
    ...{ join: { from: 8, c: 32 }, most: 3 },
  },
};

export const table: KernelTable = {
  kernel: 'chain',
  tolerance: {
    f32: 4e-6,
    half: 1e-3,
    why: 'sums of up to 256 float32 products by gates that are sums of products themselves, and of 48 of those; a stored half is off by at most 2^-10',
  },
  rows: Object.entries(specs).map(([name, spec]) => row(name, spec)),
  barrierRows: Object.keys(specs),
  random(draw) {
    const spec = draw.from(Object.values(specs));
    const { h, w } = drawSize(draw, 40);
    const { shortcut } = spec;
    const out = draw.int(1, 150);
    return row('', {
      ...{
        ...spec,
        o: 8 * draw.int(1, 6),
        h,
        w,
        hidden: draw.int(1, 70),
        strips: draw.int(1, 70),
        bias: draw.once(2),
        relu: draw.once(2),
      },
      shortcut: shortcut && [shortcut[0], shortcut[1], 2 * h - draw.int(0, 1), 2 * w - draw.int(0, 1)],
      ...{ project: out > 8 && draw.once(2) ? [out, 4 * draw.int(1, 2)] : [out], halved: draw.once(2) ? true : undefined },
      ...drawPlace(draw, out > 8 ? 8 : out),
      join: undefined,
    });
  },
};
