// 3×3 convolution of a concat that is nowhere stored, or with a classifier behind it. Shaders: tail.wgsl, tail.matrix.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import { isTail } from '../graph/forms.ts';
import type { NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, joinBytes, pairs } from './blocks.ts';
import { packDense } from './conv.ts';
import { denseBlocks } from './excite.ts';
import { kernel } from './kernel.ts';

/** Of a workgroup. */
const LANES = 256;
/** Of a tile: its columns, and its pixels × pairs of quads. */
export const COLUMNS = 16;
const AREA = 2048;

const rowsOf = (channels: number): number => AREA / COLUMNS / pairs(channels);

export const tail = kernel<'conv'>({
  name: 'tail',
  ops: ['conv'],
  fits: isTail,
  variants: [{ name: 'workgroup', shader: 'tail', needs: { barriers: true } }],
  reads: ({ inputs }) => ({ x: inputs.x, beside: inputs.beside ?? null }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { constants, inputs, attributes }, x }) => ({
    QUADS: quads(shapeOf(constants.weight)[1]),
    COARSE: inputs.beside ? quads(x.c) : 0,
    PAIRS: pairs(shapeOf(constants.weight)[0]),
    PROJECTED: constants.project ? quads(shapeOf(constants.project)[0]) : 0,
    RELU: attributes.fused.activation !== undefined,
  }),
  params({ node: { constants }, x, y, at }) {
    const [out, inputs] = shapeOf(constants.weight);
    const bias = biasOffset(out, 9, quads(inputs));
    return {
      height: y.h,
      width: y.w,
      x_height: x.h,
      x_width: x.w,
      x_stride: x.stride,
      beside_stride: at('beside')?.stride ?? 0,
      y_stride: y.stride,
      y_offset: y.offset,
      across: Math.ceil(y.w / COLUMNS),
      bias,
      project: bias + 2 * pairs(out),
    };
  },
  lanes: ({ node, y }) => Math.ceil(y.w / COLUMNS) * Math.ceil(y.h / rowsOf(shapeOf(node.constants.weight)[0])) * LANES,
  pack(node, read) {
    return joinBytes(packDense(node, read), packClassifier(node, read));
  },
});

/** Blocks and biases of the classifier; nothing without. */
export function packClassifier({ constants: { project, projectBias } }: NodeOf<'conv'>, read: ReadConstant): Float32Array {
  if (!project) return new Float32Array();
  const bias = projectBias ? read(projectBias) : new Float64Array(shapeOf(project)[0]);
  return Float32Array.from(denseBlocks(read(project), bias));
}
