// Convolution of int8 codes (src/graph/codes.ts says what they are). Shaders: qconv.wgsl, qconv.packed.wgsl.
import { isAligned, PACKED, weightCodes } from '../graph/codes.ts';
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { Codes, NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { count } from '../weights/tensor.ts';
import { pairs } from './blocks.ts';
import { biasOf } from './conv.ts';
import { kernel, plain } from './kernel.ts';

/** Pixels of a row that a lane makes. */
const TILE = 4;
/** Each has a vector of its own among the parameters. */
const MAX_BRANCHES = 4;
/** Output channels that a lane makes of a pixel. */
const EACH = 8;

/** Four codes of zero. */
const zeroWord = ({ zero }: Codes): number => ((zero & 255) * 0x01010101) >>> 0;

export const groupWidth = ({ constants }: NodeOf<'qconv'>): number => shapeOf(constants.weight)[1];
/** Words of weights of a pair of output quads. */
const run = (node: NodeOf<'qconv'>): number => count(node.attributes.geometry.kernel) * quads(groupWidth(node)) * EACH;

export const qconv = kernel<'qconv'>({
  name: 'qconv',
  ops: ['qconv'],
  fits: ({ attributes: { geometry }, constants }) =>
    isAligned(geometry, shapeOf(constants.weight)[1], shapeOf(constants.weight)[0]) && geometry.dilations.length <= MAX_BRANCHES,
  variants: [
    { name: 'packed', shader: 'qconv.packed', needs: { features: [PACKED] }, weightsGrow: 1 / 4 },
    { ...plain('qconv'), weightsGrow: 1 / 4 },
  ],
  // Codes and their constants are a quarter of what float32 weights are.
  reads: ({ inputs }) => ({ x: inputs.x, residual: inputs.residual ?? null }),
  writes: ({ name, attributes: { to } }) => ({ y: to ? name : null, numbers: to ? null : name }),
  overrides: ({ node }) => ({
    QUADS: quads(groupWidth(node)),
    ROWS: node.attributes.geometry.kernel[0],
    COLUMNS: node.attributes.geometry.kernel[1],
    RESIDUAL: 'residual' in node.inputs,
    NUMBERS: node.attributes.to === null,
  }),
  params: ({ node, x, y, at }) => {
    const { geometry, from, to, beside, low, high } = node.attributes;
    const { strides, dilations, pads, groups } = geometry;
    const branches = Array.from({ length: MAX_BRANCHES }, (_, n) => [
      `branch_${n}`,
      dilations[n] ? [...dilations[n], ...pads[n].slice(0, 2)] : [0, 0, 0, 0],
    ]);
    return {
      height: y.h,
      width: y.w,
      x_height: x.h,
      x_width: x.w,
      x_stride: x.stride,
      y_stride: y.stride,
      y_offset: y.offset,
      residual_stride: at('residual')?.stride ?? 0,
      y_quads: quads(y.c),
      pairs: pairs(y.c),
      across: Math.ceil(y.w / TILE),
      group_pairs: pairs(y.c / groups),
      branch_pairs: pairs(y.c / dilations.length),
      ends: (pairs(y.c) * run(node)) / 4,
      stride_down: strides[0],
      stride_across: strides[1],
      zero_word: zeroWord(from),
      zero: to?.zero ?? 0,
      low,
      high,
      residual_zero: beside?.zero ?? 0,
      ...Object.fromEntries(branches),
    };
  },
  lanes: ({ y }) => y.h * Math.ceil(y.w / TILE) * pairs(y.c),
  pack,
});

/** For each pair of output quads, tap and input quad a word an output channel, its four codes of weights. */
function pack(node: NodeOf<'qconv'>, read: ReadConstant): Uint8Array<ArrayBuffer> {
  const [, inputs, kh, kw] = shapeOf(node.constants.weight);
  const [taps, each] = [kh * kw, quads(inputs)];
  return packCodes(node, read, pairs(shapeOf(node.constants.weight)[0]) * run(node) * 4, (o, i, tap) => {
    const block = Math.floor(o / EACH) * taps * each + tap * each + Math.floor(i / 4);
    return (block * EACH + (o % EACH)) * 4 + (i % 4);
  });
}

/**
 * Codes of weights in so many bytes, each where `at` has it. Behind them of each quad of the result: biases less what the code of zero adds to the sums,
 * factors, and those of the residual.
 */
export function packCodes(
  node: NodeOf<'qconv'>,
  read: ReadConstant,
  whole: number,
  at: (o: number, i: number, tap: number) => number,
): Uint8Array<ArrayBuffer> {
  const { attributes, constants } = node;
  const [out, inputs, kh, kw] = shapeOf(constants.weight);
  const made = weightCodes(read(constants.weight), biasOf(node, read), out, attributes);
  const taps = kh * kw;
  const bytes = new Uint8Array(whole + pairs(out) * 2 * 12 * 4);
  const codes = new Int8Array(bytes.buffer);
  const ends = new DataView(bytes.buffer, whole);
  for (let o = 0; o < out; o++) {
    const row = made.codes.subarray(o * inputs * taps, (o + 1) * inputs * taps);
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < taps; tap++) codes[at(o, i, tap)] = row[i * taps + tap];
    }
    const end = (Math.floor(o / 4) * 12 + (o % 4)) * 4;
    const all = row.reduce((sum, code) => sum + code, 0);
    ends.setInt32(end, made.bias[o] - attributes.from.zero * all, true);
    ends.setFloat32(end + 16, made.factors[o], true);
    if (attributes.beside) ends.setFloat32(end + 32, made.residual[o], true);
  }
  return bytes;
}
