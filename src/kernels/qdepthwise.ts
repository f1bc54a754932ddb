// Depthwise convolution of int8 codes, any geometry. Shader: qdepthwise.wgsl.
import { isDepthwise, weightCodes } from '../graph/codes.ts';
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOf } from './conv.ts';
import { kernel, plain } from './kernel.ts';
import { sliding, slidingOf, slidingParams } from './slide.ts';

export const qdepthwise = kernel<'qconv'>({
  name: 'qdepthwise',
  ops: ['qconv'],
  fits: ({ attributes: { geometry }, inputs, constants }) =>
    isDepthwise(geometry, shapeOf(constants.weight)[1], shapeOf(constants.weight)[0]) && !('residual' in inputs),
  variants: [plain('qdepthwise')],
  reads: ({ inputs }) => ({ x: inputs.x }),
  writes: ({ name, attributes: { to } }) => ({ y: to ? name : null, numbers: to ? null : name }),
  overrides: ({ node: { attributes } }) => ({
    ROWS: attributes.geometry.kernel[0],
    COLUMNS: attributes.geometry.kernel[1],
    NUMBERS: attributes.to === null,
  }),
  params: placed => {
    const { from, to, low, high } = placed.node.attributes;
    return { ...slidingParams(placed, slidingOf(placed)), x_zero: from.zero, zero: to?.zero ?? 0, low, high };
  },
  lanes: sliding.lanes,
  pack,
});

/** Of each quad tap after tap the codes of its channels, as whole numbers that a lane needn't take apart, then biases and factors. */
function pack(node: NodeOf<'qconv'>, read: ReadConstant): Uint8Array<ArrayBuffer> {
  const [out, , kh, kw] = shapeOf(node.constants.weight);
  const made = weightCodes(read(node.constants.weight), biasOf(node, read), out, node.attributes);
  const taps = kh * kw;
  const bytes = new Uint8Array(quads(out) * (taps + 2) * 16);
  const view = new DataView(bytes.buffer);
  for (let o = 0; o < out; o++) {
    const at = (row: number): number => ((Math.floor(o / 4) * (taps + 2) + row) * 4 + (o % 4)) * 4;
    for (let tap = 0; tap < taps; tap++) view.setInt32(at(tap), made.codes[o * taps + tap], true);
    view.setInt32(at(taps), made.bias[o], true);
    view.setFloat32(at(taps + 1), made.factors[o], true);
  }
  return bytes;
}
