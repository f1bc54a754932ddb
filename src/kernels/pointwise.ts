// 1×1 convolution: a matrix product over pixels with the block's gate, shortcut, residual and addend. Shaders: pointwise.wgsl,
// pointwise.wide.wgsl; pointwise.workgroup.wgsl (workgroups.ts).
import { type ReadConstant, range, shapeOf } from '../graph/constant.ts';
import { isUnforked } from '../graph/forms.ts';
import { isPointwise, type NodeOf } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import type { WeightStore } from '../shader/source.ts';
import { biasOffset, fillsWide, packBlocks, packWide, pairs, type WeightRows, wideBiasOffset, wideLanes } from './blocks.ts';
import { ending } from './ending.ts';
import type { ReadNumbers } from './halves.ts';
import { kernel, type Placed, plain, type Variant } from './kernel.ts';

const TILE = 8;
const WIDE_TILE = 16;

/** Input quads of the main operand and of the shortcut. */
export function depths({ constants }: NodeOf<'conv'>): [number, number] {
  return [quads(shapeOf(constants.weight)[1]), constants.shortcut ? quads(shapeOf(constants.shortcut)[1]) : 0];
}

/** The same in whole fours. */
function wideDepths(node: NodeOf<'conv'>): [number, number] {
  const [main, shortcut] = depths(node);
  return [Math.ceil(main / 4) * 4, Math.ceil(shortcut / 4) * 4];
}

/** Output channel × input channel, the shortcut's inputs after `main` quads of the main operand's. */
export function weights({ constants: { weight, shortcut } }: NodeOf<'conv'>, read: ReadNumbers, main: number): WeightRows {
  const inputs = shapeOf(weight)[1];
  const besideInputs = shortcut ? shapeOf(shortcut)[1] : 0;
  return (first, end) => {
    const values = read(range(weight, first, end));
    const beside = shortcut ? read(range(shortcut, first, end)) : null;
    return (o, i) => {
      if (i < main * 4) return i < inputs ? values[(o - first) * inputs + i] : 0;
      return i - main * 4 < besideInputs ? beside![(o - first) * besideInputs + i - main * 4] : 0;
    };
  };
}

export function params(bias: number, { node, x, y, at }: Placed<'conv'>) {
  const [shortcut, residual, addend] = ['shortcut', 'residual', 'addend'].map(at);
  const [main, extra] = depths(node);
  return {
    height: y.h,
    width: y.w,
    x_stride: x.stride,
    y_stride: y.stride,
    y_offset: y.offset,
    y_quads: quads(y.c),
    pairs: pairs(y.c),
    quads: main,
    shortcut_quads: extra,
    bias,
    shortcut_height: shortcut?.h ?? 0,
    shortcut_width: shortcut?.w ?? 0,
    shortcut_stride: shortcut?.stride ?? 0,
    residual_stride: residual?.stride ?? 0,
    addend_height: addend?.h ?? 0,
    addend_width: addend?.w ?? 0,
    addend_stride: addend?.stride ?? 0,
    least: node.attributes.fused.activation?.curve === 'relu' ? 0 : -3.4e38,
  };
}

export function flags({ node, y }: Placed<'conv'>) {
  const { attributes, inputs } = node;
  return {
    POOLED: attributes.fused.shortcut === 'pooled',
    GATE: 'gate' in inputs,
    RESIDUAL: 'residual' in inputs,
    ...ending(node, y.c),
  };
}

const sum = ([main, shortcut]: [number, number]): number => main + shortcut;
export const biasOf = ({ constants }: NodeOf<'conv'>, read: ReadConstant) => (constants.bias ? read(constants.bias) : null);

export const wide: Variant<'conv'> = {
  name: 'wide',
  shader: 'pointwise.wide',
  needs: { software: true, features: ['subgroups'] },
  /** The addend would make the one step a frame that has it 0.7 ms of 167 faster, and a tenth of a second slower to compile. */
  fits: node => fillsWide(shapeOf(node.constants.weight)[0]) && !('addend' in node.inputs),
  /** A pipeline takes a CPU adapter half a second: a ReLU and a pool, which need none of their own, are told by parameters. */
  overrides(placed) {
    const { inputs } = placed.node;
    const own = flags(placed);
    return { ...own, SHORTCUT: 'shortcut' in inputs, POOLED: 'shortcut' in inputs, ...('RELU' in own && { RELU: false }) };
  },
  params: placed => params(wideBiasOffset(placed.y.c, 2, sum(wideDepths(placed.node))), placed),
  lanes: ({ y }) => Math.ceil((y.h * y.w) / WIDE_TILE) * wideLanes(y.c, 2),
  pack(node, read, store) {
    const depths = wideDepths(node);
    const rows = weights(node, read, depths[0]);
    const bySteps: WeightRows = (first, end) => {
      const weight = rows(first, end);
      return (o, i, step) => weight(o, step * 4 + i, 0);
    };
    return packWide(shapeOf(node.constants.weight)[0], 2, sum(depths), bySteps, biasOf(node, read), store);
  },
};

export const pointwise = kernel<'conv'>({
  name: 'pointwise',
  ops: ['conv'],
  fits: node => isPointwise(node) && isUnforked(node),
  variants: [wide, plain('pointwise')],
  reads: ({ inputs }) => ({
    x: inputs.x,
    gate: inputs.gate ?? null,
    shortcut: inputs.shortcut ?? null,
    residual: inputs.residual ?? null,
    addend: inputs.addend ?? null,
  }),
  writes: ({ name }) => ({ y: name }),
  overrides(placed) {
    const [main, shortcut] = depths(placed.node);
    return { QUADS: main, SHORTCUT_QUADS: shortcut, ...flags(placed), ADDEND: 'addend' in placed.node.inputs };
  },
  params: placed => params(biasOffset(placed.y.c, 1, sum(depths(placed.node))), placed),
  lanes: ({ y }) => Math.ceil((y.h * y.w) / TILE) * pairs(y.c),
  halfWeights: true,
  pack: packPointwise,
});

/** The blocks of both operands, one after the other, and the biases. */
export function packPointwise(node: NodeOf<'conv'>, read: ReadConstant, store?: WeightStore): Uint8Array<ArrayBuffer> {
  const [main, shortcut] = depths(node);
  return packBlocks(shapeOf(node.constants.weight)[0], 1, main + shortcut, weights(node, read, main), biasOf(node, read), store);
}
