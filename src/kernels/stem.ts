// The first convolution, straight from the frame: three forms, because a texture, a video's external texture and a tensor are three binding types.
// Shaders: stem.wgsl, stem.external.wgsl, stem.tensor.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { isEven } from '../graph/forms.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, pairs } from './blocks.ts';
import { evenParams, packDense } from './conv.ts';
import { ending } from './ending.ts';
import { type Kernel, kernel, plain } from './kernel.ts';
import { normalisation } from './normalisation.ts';

const TILE = 8;

/** Colours, and the fourth channel that fills their quad. */
const INPUT_QUADS = 1;

function stemOf(form: NodeOf<'stem'>['attributes']['form'], shader: string): Kernel {
  return kernel<'stem'>({
    name: 'stem',
    ops: ['stem'],
    fits: ({ attributes, constants }) =>
      attributes.form === form && isEven(attributes.geometry) && shapeOf(constants.weight)[1] === 3 && !constants.project,
    variants: [plain(shader)],
    reads: () => ({ frame: 'frame' }),
    writes: ({ name }) => ({ y: name }),
    overrides: ({ node, y }) => ({
      ROWS: node.attributes.geometry.kernel[0],
      COLUMNS: node.attributes.geometry.kernel[1],
      ...ending(node, y.c),
    }),
    params: ({ node: { attributes }, x, y }) => ({
      height: y.h,
      width: y.w,
      x_height: x.h,
      x_width: x.w,
      y_stride: y.stride,
      y_offset: y.offset,
      y_quads: quads(y.c),
      pairs: pairs(y.c),
      across: Math.ceil(y.w / TILE),
      ...evenParams(attributes.geometry),
      bias: biasOffset(y.c, attributes.geometry.kernel[0] * attributes.geometry.kernel[1], INPUT_QUADS),
      ...normalisation(attributes),
    }),
    lanes: ({ y }) => y.h * Math.ceil(y.w / TILE) * pairs(y.c),
    pack: packDense,
  });
}

export const stem = stemOf('texture', 'stem');
export const stemExternal = stemOf('external', 'stem.external');
export const stemTensor = stemOf('tensor', 'stem.tensor');
