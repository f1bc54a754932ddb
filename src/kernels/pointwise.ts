// 1×1 convolution: a matrix product over pixels with the block's gate, shortcut, residual and addend. Shader: pointwise.wgsl.
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import { isUnforked } from '../graph/forms.ts';
import { isPointwise, type NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { biasOffset, packBlocks, pairs } from './blocks.ts';
import { kernel, type Placed, plain } from './kernel.ts';

const TILE = 8;

/** Input quads of the main operand and of the shortcut. */
export function depths({ constants }: NodeOf<'conv'>): [number, number] {
  return [quads(shapeOf(constants.weight)[1]), constants.shortcut ? quads(shapeOf(constants.shortcut)[1]) : 0];
}

export const pointwise = kernel<'conv'>({
  name: 'pointwise',
  ops: ['conv'],
  fits: node => isPointwise(node) && isUnforked(node) && node.attributes.activation !== 'sigmoid',
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
  pack: packPointwise,
});

/** The blocks of both operands, one after the other, and the biases. */
export function packPointwise(node: NodeOf<'conv'>, read: ReadConstant): Float32Array {
  const [out, inputs] = shapeOf(node.constants.weight);
  const [main, extra] = depths(node);
  const weight = read(node.constants.weight);
  const beside = node.constants.shortcut ? read(node.constants.shortcut) : null;
  const besideInputs = beside ? shapeOf(node.constants.shortcut)[1] : 0;
  const at = (o: number, i: number): number => {
    if (i < main * 4) return i < inputs ? weight[o * inputs + i] : 0;
    return i - main * 4 < besideInputs ? beside![o * besideInputs + i - main * 4] : 0;
  };
  return packBlocks(out, 1, main + extra, at, node.constants.bias ? read(node.constants.bias) : null);
}
