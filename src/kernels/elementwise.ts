// Batch norm, curves, sum, gate, slice and copy, where a pass left them standing. Shader: elementwise.wgsl.
import { endOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { ending } from './ending.ts';
import { kernel, plain } from './kernel.ts';

export const elementwise = kernel<'batchnorm' | 'normalise' | 'activate' | 'add' | 'mul' | 'slice' | 'copy'>({
  name: 'elementwise',
  ops: ['batchnorm', 'normalise', 'activate', 'add', 'mul', 'slice', 'copy'],
  /** A slice must begin at a whole quad. */
  fits: node => node.op !== 'slice' || node.attributes.from % 4 === 0,
  variants: [plain('elementwise')],
  /** A gate is bound both ways; which one is read follows its kind. */
  reads: ({ inputs }) => ({ x: inputs.x, other: inputs.other ?? inputs.gate ?? null, gate: inputs.norm ?? inputs.gate ?? null }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node, y, at }) => ({
    AFFINE: node.op === 'batchnorm',
    NORM: node.op === 'normalise',
    ADD: node.op === 'add',
    MULTIPLY: node.op === 'mul' && at('gate')!.kind === 'map',
    GATE: node.op === 'mul' && at('gate')!.kind === 'exact',
    ...ending({ attributes: { fused: endOf(node) } }, y.c),
  }),
  params: ({ node, x, y, at }) => ({
    pixels: y.h * y.w,
    channels: y.c,
    quads: quads(y.c),
    x_stride: x.stride,
    x_offset: node.op === 'slice' ? node.attributes.from / 4 : 0,
    other_stride: at('other')?.stride ?? 0,
    y_stride: y.stride,
    y_offset: y.offset,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
  pack(node, read) {
    const rows = [node.constants.scale, node.constants.shift].map(read);
    const packed = new Float32Array(rows.length * quads(rows[0].length) * 4);
    for (const [n, row] of rows.entries()) packed.set(row, n * quads(row.length) * 4);
    return packed;
  },
});
