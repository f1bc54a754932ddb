// Partial sums → gate: the two small layers of squeeze-and-excitation. Shaders: excite.wgsl, excite.workgroup.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import { MAX_CHANNELS, MAX_HIDDEN } from '../graph/forms.ts';
import type { Node } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { kernel, plain } from './kernel.ts';

export const excite = kernel<'excite'>({
  name: 'excite',
  ops: ['excite'],
  fits: node => node.attributes.hidden <= MAX_HIDDEN && shapeOf(node.constants.weight1)[1] <= MAX_CHANNELS,
  variants: [{ name: 'workgroup', shader: 'excite.workgroup', needs: { barriers: true } }, plain('excite')],
  reads: ({ inputs }) => ({ partials: inputs.x }),
  writes: ({ name }) => ({ gate: name }),
  overrides: () => ({}),
  params: ({ node, x }) => ({
    strips: x.h,
    quads: quads(x.c),
    hidden: quads(node.attributes.hidden),
    scale: 1 / node.attributes.pixels,
  }),
  /** One workgroup: the second layer needs all of the first. */
  lanes: () => 1,
  pack: packExcite,
});

/** Both layers, one after the other. */
export function packExcite({ constants }: Pick<Node, 'constants'>, read: ReadConstant): Float32Array<ArrayBuffer> {
  const { weight1, bias1, weight2, bias2 } = constants;
  return Float32Array.from([...denseBlocks(read(weight1), read(bias1)), ...denseBlocks(read(weight2), read(bias2))]);
}

/** A dense layer as 4×4 blocks, input channels as columns, then its bias; missing channels are zero. */
export function denseBlocks(weight: Float64Array, bias: Float64Array): number[] {
  const out = bias.length;
  const inputs = weight.length / out;
  const packed: number[] = [];
  for (let o = 0; o < out; o += 4) {
    for (let i = 0; i < inputs; i += 4) {
      for (let column = i; column < i + 4; column++) {
        for (let row = o; row < o + 4; row++) packed.push(row < out && column < inputs ? weight[row * inputs + column] : 0);
      }
    }
  }
  for (let o = 0; o < quads(out) * 4; o++) packed.push(bias[o] ?? 0);
  return packed;
}
