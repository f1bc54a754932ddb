// Resize by tables. Shader: resample.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const resample = kernel<'resample'>({
  name: 'resample',
  ops: ['resample'],
  fits: () => true,
  variants: [plain('resample')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { constants } }) => ({ ROW_TAPS: shapeOf(constants.rows)[1], COLUMN_TAPS: shapeOf(constants.columns)[1] }),
  params: ({ x, y }) => ({
    height: y.h,
    width: y.w,
    quads: quads(y.c),
    x_width: x.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
  }),
  lanes: ({ y }) => y.h * y.w * quads(y.c),
  pack: ({ constants: { rows, columns } }, read) => Float32Array.from([...read(rows), ...read(columns)]),
});
