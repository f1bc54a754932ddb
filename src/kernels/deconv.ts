// Transposed convolution of one group a channel: two forms, because a map and a class map are two binding types. Shaders: deconv.wgsl,
// deconv.classes.wgsl.
import type { ReadConstant } from '../graph/constant.ts';
import { shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { classifying } from './classify.ts';
import { kernel, type Placed, plain } from './kernel.ts';
import { resampling } from './upsample.ts';

/** The stride must divide the kernel, so that as many cells reach every pixel. */
const divides = ({ attributes: { kernel, stride } }: NodeOf<'deconv'>): boolean => kernel % stride === 0;

const common = {
  name: 'deconv',
  ops: ['deconv'] as const,
  overrides: ({ node: { attributes } }: Placed<'deconv'>) => ({ TAPS: attributes.kernel / attributes.stride }),
  pack,
};

export const deconv = kernel<'deconv'>({
  ...resampling,
  ...common,
  fits: node => divides(node) && !node.attributes.classes,
  variants: [plain('deconv')],
  params: placed => ({ ...resampling.params(placed), ...geometry(placed) }),
});

export const deconvClasses = kernel<'deconv'>({
  ...classifying,
  ...common,
  fits: node => divides(node) && node.attributes.classes,
  variants: [plain('deconv.classes')],
  params: placed => ({ ...classifying.params(placed), quads: quads(placed.x.c), ...geometry(placed) }),
});

function geometry({ node: { attributes }, x }: Placed<'deconv'>) {
  const { kernel, stride, pad, tile } = attributes;
  const tileHeight = tile?.h ?? x.h;
  const tileWidth = tile?.w ?? x.w;
  return {
    stride,
    pad,
    tile_height: tileHeight,
    tile_width: tileWidth,
    grown_height: (tileHeight - 1) * stride + kernel - 2 * pad,
    grown_width: (tileWidth - 1) * stride + kernel - 2 * pad,
  };
}

/** [kernel row][kernel column][quad], so that a lane's neighbours read its neighbours' weights; missing channels are zero. */
function pack({ constants }: NodeOf<'deconv'>, read: ReadConstant): Float32Array<ArrayBuffer> {
  const [channels, , kh, kw] = shapeOf(constants.weight);
  const weight = read(constants.weight);
  const padded = quads(channels) * 4;
  const packed = new Float32Array(kh * kw * padded);
  for (let tap = 0; tap < kh * kw; tap++) {
    for (let c = 0; c < channels; c++) packed[tap * padded + c] = weight[c * kh * kw + tap];
  }
  return packed;
}
