// Mean and variance of every channel, as a factor and an offset. Shaders: moments.wgsl, moments.workgroup.wgsl.
import { quads } from '../graph/layout.ts';
import { addedRow } from './added.ts';
import { kernel, plain } from './kernel.ts';

export const moments = kernel<'moments'>({
  name: 'moments',
  ops: ['moments'],
  fits: () => true,
  variants: [addedRow('moments.workgroup'), plain('moments')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ norm: name }),
  overrides: () => ({}),
  params: ({ node: { attributes, constants }, x }) => ({
    pixels: x.h * x.w,
    channels: x.c,
    quads: quads(x.c),
    x_stride: x.stride,
    epsilon: attributes.epsilon,
    scaled: Number('scale' in constants),
    given: attributes.given ?? [0, 0],
  }),
  lanes: ({ x }) => quads(x.c),
  /** Padded lanes get no factor and no offset. */
  pack({ constants: { scale, shift } }, read) {
    const rows = [scale, shift].map(read);
    const packed = new Float32Array(2 * quads(rows[0].length) * 4);
    for (const [n, row] of rows.entries()) packed.set(row, n * quads(row.length) * 4);
    return packed;
  },
});
