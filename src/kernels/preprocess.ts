// Frame → the network's normalised input: a texture, a video's external texture and a tensor are three binding types, so three stems; a tile of a
// texture is a fourth. Shaders: preprocess.wgsl, preprocess.external.wgsl, preprocess.tile.wgsl, preprocess.tensor.wgsl.
import { type Kernel, kernel, type Placed, plain } from './kernel.ts';
import { normalisation } from './normalisation.ts';

const common = {
  ops: ['preprocess'] as const,
  reads: () => ({ frame: 'frame' }),
  writes: ({ name }: { name: string }) => ({ y: name }),
  params: ({ node: { attributes }, x, y }: Placed<'preprocess'>) => ({
    height: y.h,
    width: y.w,
    frame_height: x.h,
    frame_width: x.w,
    y_stride: y.stride,
    ...normalisation(attributes),
  }),
};

function preprocessOf(wanted: 'texture' | 'external', shader: string): Kernel {
  return kernel<'preprocess'>({
    ...common,
    name: 'preprocess',
    fits: ({ attributes: { form, tile } }) => form === wanted && !tile,
    variants: [plain(shader)],
    overrides: ({ node: { attributes }, x, y }) => ({ RESIZE: x.h !== y.h || x.w !== y.w, BGR: attributes.channels === 'bgr' }),
    params: placed => common.params(placed),
    lanes: ({ y }) => y.h * y.w,
  });
}

export const preprocess = preprocessOf('texture', 'preprocess');
export const preprocessExternal = preprocessOf('external', 'preprocess.external');

export const preprocessTile = kernel<'preprocess'>({
  ...common,
  name: 'preprocess',
  fits: ({ attributes: { form, tile } }) => form === 'texture' && tile !== null,
  variants: [plain('preprocess.tile')],
  overrides: ({ node: { attributes } }) => ({ BGR: attributes.channels === 'bgr' }),
  params: placed => ({ ...common.params(placed), ...placed.node.attributes.tile }),
  lanes: ({ y }) => y.h * y.w,
});

export const preprocessTensor = kernel<'preprocess'>({
  ...common,
  name: 'preprocess',
  fits: node => node.attributes.form === 'tensor',
  variants: [plain('preprocess.tensor')],
  overrides: () => ({}),
  params: ({ y }) => ({ pixels: y.h * y.w, y_stride: y.stride }),
  lanes: ({ y }) => y.h * y.w,
});
