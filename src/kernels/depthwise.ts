// Depthwise convolution of any geometry. Shader: depthwise.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { ending } from './ending.ts';
import { kernel, type Placed, plain, type Variant } from './kernel.ts';
import { isAlone, sliding, slidingOf, slidingParams } from './slide.ts';

/** Pixels of a row that a lane makes. */
const STRIP = 8;

function overrides({ node, y }: Placed<'conv'>) {
  const [rows, columns] = node.attributes.geometry.kernel;
  return { ROWS: rows, COLUMNS: columns, EACH: y.c / node.attributes.geometry.groups, ...ending(node, y.c) };
}

/** Do the pixels of a lane lie a dilation apart, so that one that is loaded serves every tap of its row? A wide dilation would leave few in the map. */
function slides({ node: { attributes }, y }: Placed<'conv'>): boolean {
  const { strides, dilations } = attributes.geometry;
  return strides[1] === 1 && (dilations[0][1] === 1 || dilations[0][1] * STRIP <= y.w);
}

const wide: Variant<'conv'> = {
  name: 'wide',
  shader: 'depthwise.wide',
  needs: { software: true },
  overrides: placed => ({ ...overrides(placed), SLIDING: slides(placed) }),
  lanes(placed) {
    const { node, y } = placed;
    const apart = slides(placed) ? node.attributes.geometry.dilations[0][1] : 1;
    return y.h * Math.ceil(y.w / (STRIP * apart)) * apart * quads(y.c);
  },
};

export const depthwise = kernel<'conv'>({
  ...sliding,
  name: 'depthwise',
  ops: ['conv'],
  fits: node => shapeOf(node.constants.weight)[1] === 1 && isAlone(node),
  variants: [wide, plain('depthwise')],
  overrides,
  params: placed => ({ ...slidingParams(placed, slidingOf(placed)), x_quads: quads(placed.x.c) }),
  pack,
});

/** [tap][quad], then the biases. */
function pack({ constants }: NodeOf<'conv'>, read: ReadConstant): Float32Array<ArrayBuffer> {
  const [out, , kh, kw] = shapeOf(constants.weight);
  const [taps, across] = [kh * kw, quads(out) * 4];
  const weight = read(constants.weight);
  const packed = new Float32Array((taps + 1) * across);
  for (let o = 0; o < out; o++) for (let tap = 0; tap < taps; tap++) packed[tap * across + o] = weight[o * taps + tap];
  if (constants.bias) packed.set(read(constants.bias), taps * across);
  return packed;
}
