// Any number to any place, from up to four maps. Shader: move.wgsl.
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

/** Maps that one step reads. */
export const MOST_PARTS = 4;

export const move = kernel<'move'>({
  name: 'move',
  ops: ['move'],
  fits: ({ inputs }) => Object.keys(inputs).length <= MOST_PARTS,
  variants: [plain('move')],
  reads: ({ inputs }) => ({
    first: inputs[0],
    second: inputs[1] ?? null,
    third: inputs[2] ?? null,
    fourth: inputs[3] ?? null,
  }),
  writes: ({ name }) => ({ y: name }),
  overrides: () => ({}),
  params: ({ node: { attributes }, y, at }) => {
    const parts = ['0', '1', '2', '3'].map(at);
    return {
      height: y.h,
      width: y.w,
      channels: y.c,
      quads: quads(y.c),
      y_stride: y.stride,
      y_offset: y.offset,
      fill: attributes.fill,
      strides: parts.map(part => part?.stride ?? 0),
      widths: parts.map(part => part?.w ?? 0),
    };
  },
  lanes: ({ y }) => y.h * y.w * quads(y.c),
  /** Channels in whole quads: those that are missing read what the first reads. */
  pack({ attributes: { c }, constants: { channels, rows, columns } }, read) {
    const table = read(channels);
    const missing = Array.from({ length: quads(c) * 4 - c }, () => [...table.subarray(0, 4)]).flat();
    return Float32Array.from([...table, ...missing, ...read(rows), ...read(columns)]);
  },
});
