// Two values pixel by pixel, one of them a constant perhaps. Shader: combine.wgsl.
import { shapeOf } from '../graph/constant.ts';
import type { NodeOf, Shape } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { operations } from '../graph/numbered.ts';
import { ending } from './ending.ts';
import { kernel, plain } from './kernel.ts';

/** Steps of an operand along its axes in quads, none along an axis of one place. */
function steps<P extends string>(name: P, { c, h, w }: Shape, stride: number) {
  const of = (size: number, step: number): number => (size === 1 ? 0 : step);
  const entries = { row: of(h, w * stride), column: of(w, stride), quad: of(c, 1), one: Number(c === 1) };
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [`${name}_${key}`, value]));
}

function constantShape({ constants: { other } }: NodeOf<'combine'>): Shape | null {
  if (!other) return null;
  const [c, h, w] = shapeOf(other);
  return { c, h, w };
}

export const combine = kernel<'combine'>({
  name: 'combine',
  ops: ['combine'],
  fits: () => true,
  variants: [plain('combine')],
  reads: ({ inputs }) => ({ x: inputs.x, other: inputs.other ?? null }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node, y }) => ({
    OPERATION: operations.indexOf(node.attributes.operation),
    CONSTANT: 'other' in node.constants,
    ...ending(node, y.c),
  }),
  params: ({ node, x, y, at }) => {
    const constant = constantShape(node);
    const other = at('other');
    return {
      height: y.h,
      width: y.w,
      channels: y.c,
      quads: quads(y.c),
      y_stride: y.stride,
      y_offset: y.offset,
      swapped: Number(node.attributes.swapped),
      ...steps('x', x, x.stride),
      ...(constant ? steps('other', constant, quads(constant.c)) : steps('other', other!, other!.stride)),
    };
  },
  lanes: ({ y }) => y.h * y.w * quads(y.c),
  /** As a map lies. */
  pack(node, read) {
    const { c, h, w } = constantShape(node)!;
    const data = read(node.constants.other);
    const packed = new Float32Array(h * w * quads(c) * 4);
    for (let channel = 0; channel < c; channel++)
      for (let pixel = 0; pixel < h * w; pixel++) packed[pixel * quads(c) * 4 + channel] = data[channel * h * w + pixel];
    return packed;
  },
});
