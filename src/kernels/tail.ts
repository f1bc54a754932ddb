// 3×3 convolution of a concat that is nowhere stored, or with a classifier behind it. Shader: tail.wgsl.
import { shapeOf } from '../graph/constant.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, joinBytes, pairs } from './blocks.ts';
import { packDense } from './conv.ts';
import { denseBlocks } from './excite.ts';
import { kernel } from './kernel.ts';

/** A tile's pairs of quads share the lanes of a workgroup evenly, and one quad of its operand finds room there. */
const PAIRS = [4, 8, 16];
const LANES = 256;
/** Of a tile, in pixels: its columns, and its pixels × pairs. */
const COLUMNS = 16;
const AREA = 2048;
/** The classifier's work is a few per cent of the convolution's. */
const MAX_CLASSES = 32;

const rowsOf = (channels: number): number => AREA / COLUMNS / pairs(channels);

export const tail = kernel<'conv'>({
  name: 'tail',
  ops: ['conv'],
  fits({ attributes: { kernel, stride, dilations, pads, groups, activation, partials }, inputs, constants }) {
    const [out, , ...rest] = shapeOf(constants.weight);
    const square = [...kernel, ...rest].every(size => size === 3) && stride === 1 && groups === 1;
    const same = dilations.length === 1 && dilations[0] === 1 && pads[0] === 1;
    const roles = Object.keys(inputs).every(role => role === 'x' || role === 'beside');
    const projected = constants.project ? shapeOf(constants.project)[0] : 0;
    return (
      square &&
      same &&
      roles &&
      activation !== 'sigmoid' &&
      !partials &&
      ('beside' in inputs || projected > 0) &&
      out % 8 === 0 &&
      PAIRS.includes(pairs(out)) &&
      projected <= MAX_CLASSES
    );
  },
  variants: [{ name: 'workgroup', shader: 'tail', needs: { barriers: true } }],
  reads: ({ inputs }) => ({ x: inputs.x, beside: inputs.beside ?? null }),
  writes: ({ name }) => ({ y: name }),
  overrides: ({ node: { constants, inputs, attributes }, x }) => ({
    QUADS: quads(shapeOf(constants.weight)[1]),
    COARSE: inputs.beside ? quads(x.c) : 0,
    PAIRS: pairs(shapeOf(constants.weight)[0]),
    PROJECTED: constants.project ? quads(shapeOf(constants.project)[0]) : 0,
    RELU: attributes.activation === 'relu',
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
    const dense = packDense(node, read);
    const { project, projectBias } = node.constants;
    if (!project) return dense;
    const bias = projectBias ? read(projectBias) : new Float64Array(shapeOf(project)[0]);
    return joinBytes(dense, Float32Array.from(denseBlocks(read(project), bias)));
  },
});
