// 1×1 convolution: a matrix product over pixels with the block's gate, shortcut, residual and addend. Shader: pointwise.wgsl.
import { type ReadConstant, range, shapeOf } from '../graph/constant.ts';
import { isPointwise, type NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import type { WeightStore } from '../shader/source.ts';
import { biasOffset, packBlocks, pairs, type WeightAt } from './blocks.ts';
import { kernel, type Placed, plain } from './kernel.ts';

const TILE = 8;

/** Input quads of the main operand and of the shortcut. */
export function depths({ constants }: NodeOf<'conv'>): [number, number] {
  return [quads(shapeOf(constants.weight)[1]), constants.shortcut ? quads(shapeOf(constants.shortcut)[1]) : 0];
}

export const pointwise = kernel<'conv'>({
  name: 'pointwise',
  ops: ['conv'],
  fits: node =>
    isPointwise(node) &&
    node.attributes.activation !== 'sigmoid' &&
    !node.inputs.sums &&
    !node.constants.project &&
    !node.attributes.also,
  variants: [plain('pointwise')],
  reads: ({ inputs }) => ({
    x: inputs.x,
    gate: inputs.gate ?? null,
    shortcut: inputs.shortcut ?? null,
    residual: inputs.residual ?? null,
    addend: inputs.addend ?? null,
  }),
  writes: ({ name }) => ({ y: name }),
  overrides({ node }) {
    const [main, shortcut] = depths(node);
    return {
      QUADS: main,
      SHORTCUT_QUADS: shortcut,
      POOLED: node.attributes.shortcut === 'pooled',
      GATE: 'gate' in node.inputs,
      RESIDUAL: 'residual' in node.inputs,
      RELU: node.attributes.activation === 'relu',
      ADDEND: 'addend' in node.inputs,
    };
  },
  params({ node, x, y, at }: Placed<'conv'>) {
    const [main, extra] = depths(node);
    const [shortcut, residual, addend] = ['shortcut', 'residual', 'addend'].map(at);
    return {
      height: y.h,
      width: y.w,
      x_stride: x.stride,
      y_stride: y.stride,
      y_offset: y.offset,
      y_quads: quads(y.c),
      pairs: pairs(y.c),
      bias: biasOffset(y.c, 1, main + extra),
      shortcut_height: shortcut?.h ?? 0,
      shortcut_width: shortcut?.w ?? 0,
      shortcut_stride: shortcut?.stride ?? 0,
      residual_stride: residual?.stride ?? 0,
      addend_height: addend?.h ?? 0,
      addend_width: addend?.w ?? 0,
      addend_stride: addend?.stride ?? 0,
    };
  },
  lanes: ({ y }) => Math.ceil((y.h * y.w) / TILE) * pairs(y.c),
  halfWeights: true,
  pack: packPointwise,
});

/** The blocks of both operands, one after the other, and the biases. */
export function packPointwise(node: NodeOf<'conv'>, read: ReadConstant, store?: WeightStore): Uint8Array<ArrayBuffer> {
  const { weight, shortcut, bias } = node.constants;
  const [out, inputs] = shapeOf(weight);
  const [main, extra] = depths(node);
  const besideInputs = shortcut ? shapeOf(shortcut)[1] : 0;
  const rows = (first: number, end: number): WeightAt => {
    const values = read(range(weight, first, end));
    const beside = shortcut ? read(range(shortcut, first, end)) : null;
    return (o, i) => {
      if (i < main * 4) return i < inputs ? values[(o - first) * inputs + i] : 0;
      return i - main * 4 < besideInputs ? beside![(o - first) * besideInputs + i - main * 4] : 0;
    };
  };
  return packBlocks(out, 1, main + extra, rows, bias ? read(bias) : null, store);
}
