// A convolution and the 1×1 convolution of its result in one step, for GPUs: the first one's map is kept in a workgroup's memory. Shaders:
// chain.wgsl, stem.workgroup.wgsl, stem.workgroup.external.wgsl, stem.workgroup.tensor.wgsl.
import { isChain, isChainedStem } from '../graph/chain.ts';
import { type ReadConstant, shapeOf } from '../graph/constant.ts';
import type { Node, NodeOf, Shape } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { joinBytes } from './blocks.ts';
import { packExcite } from './excite.ts';
import { type Kernel, kernel } from './kernel.ts';
import { normalisation } from './normalisation.ts';
import { depths } from './pointwise.ts';

/** Of a tile: two rows of so many pixels. */
const ACROSS = 32;
const LANES = 64;
/** Quads of the result that a workgroup makes a turn. */
const WIDTH = 12;

const tiles = ({ h, w }: Pick<Shape, 'h' | 'w'>): number => Math.ceil(h / 2) * Math.ceil(w / ACROSS);
const turnsOf = (out: number): number => Math.ceil(quads(out) / WIDTH);

/** Weights in quads of output channels: for every step so many as there are, zero where the network has none; then the biases. */
function packQuads(
  count: number,
  out: number,
  steps: number,
  weight: (o: number, step: number) => number,
  bias: Float64Array | null,
) {
  const packed = new Float32Array((steps + 1) * count * 4);
  for (let step = 0; step < steps; step++) for (let o = 0; o < out; o++) packed[step * count * 4 + o] = weight(o, step);
  if (bias) packed.set(bias, steps * count * 4);
  return packed;
}

/** The second convolution: 48 channels a turn, all input channels of a turn one after another; then the biases. */
function packProjection({ project, projectBias }: Node['constants'], read: ReadConstant): Float32Array {
  const [out, inputs] = shapeOf(project);
  const [values, turns] = [read(project), turnsOf(out)];
  const packed = new Float32Array(turns * WIDTH * 4 * (inputs + 1));
  for (let o = 0; o < out; o++) {
    const turn = Math.floor(o / (WIDTH * 4));
    for (let i = 0; i < inputs; i++) packed[(turn * (inputs - 1) + i) * WIDTH * 4 + o] = values[o * inputs + i];
  }
  if (projectBias) packed.set(read(projectBias), turns * WIDTH * 4 * inputs);
  return packed;
}

function stemOf(form: NodeOf<'stem'>['attributes']['form'], shader: string): Kernel {
  return kernel<'stem'>({
    name: 'stem',
    ops: ['stem'],
    fits: node => node.attributes.form === form && isChainedStem(node),
    variants: [{ name: 'workgroup', shader, needs: { barriers: true } }],
    reads: () => ({ frame: 'frame' }),
    writes: ({ name, attributes: { fused } }) => ({ y: name, halved: fused.halved ?? null }),
    overrides: ({ node: { attributes, constants } }) => ({
      KEPT: quads(shapeOf(constants.weight)[0]),
      TURNS: turnsOf(shapeOf(constants.project)[0]),
      HALVED: attributes.fused.halved !== undefined,
      RELU: attributes.fused.activation !== undefined,
      PROJECT_RELU: attributes.fused.projected !== undefined,
    }),
    params: ({ node: { attributes, constants }, x, y, at }) => {
      const halved = attributes.fused.halved ? at(attributes.fused.halved) : null;
      return {
        height: y.h,
        width: y.w,
        x_height: x.h,
        x_width: x.w,
        y_stride: y.stride,
        y_offset: y.offset,
        y_quads: quads(y.c),
        halved_stride: halved?.stride ?? 0,
        halved_offset: halved?.offset ?? 0,
        across: Math.ceil(y.w / ACROSS),
        project: 28 * quads(shapeOf(constants.weight)[0]),
        ...normalisation(attributes),
      };
    },
    lanes: ({ y }) => tiles(y) * LANES,
    pack({ constants }, read) {
      const [out] = shapeOf(constants.weight);
      const weight = read(constants.weight);
      const first = packQuads(
        quads(out),
        out,
        27,
        (o, step) => weight[o * 27 + step],
        constants.bias ? read(constants.bias) : null,
      );
      return joinBytes(first, packProjection(constants, read));
    },
  });
}

export const chainedStem = stemOf('texture', 'stem.workgroup');
export const chainedStemExternal = stemOf('external', 'stem.workgroup.external');
export const chainedStemTensor = stemOf('tensor', 'stem.workgroup.tensor');

/** Quads of weights behind each other: both operands of the first convolution, the excitation, the second one. */
function offsets(node: NodeOf<'conv'>): { readonly excite: number; readonly project: number } {
  const [main, extra] = depths(node);
  const hidden = quads(shapeOf(node.constants.weight1)[0]);
  const excite = ((main + extra) * 4 + 1) * WIDTH;
  return { excite, project: excite + 8 * hidden * main + hidden + main };
}

export const chain = kernel<'conv'>({
  name: 'chain',
  ops: ['conv'],
  fits: isChain,
  variants: [{ name: 'workgroup', shader: 'chain', needs: { barriers: true } }],
  reads: ({ inputs }) => ({ x: inputs.x, sums: inputs.sums, shortcut: inputs.shortcut ?? null }),
  writes: ({ name, attributes: { fused } }) => ({ y: name, also: fused.also?.name ?? null, halved: fused.halved ?? null }),
  overrides({ node, at }) {
    const { fused } = node.attributes;
    const [main, extra] = depths(node);
    return {
      QUADS: main,
      SHORTCUT_QUADS: extra,
      HIDDEN: quads(shapeOf(node.constants.weight1)[0]),
      STRIPS: at('sums')!.h,
      KEPT: quads(shapeOf(node.constants.weight)[0]),
      TURNS: turnsOf(shapeOf(node.constants.project)[0]),
      HALVED: fused.halved !== undefined,
      POOLED: fused.shortcut === 'pooled',
      RELU: fused.activation !== undefined,
      PROJECT_RELU: fused.projected !== undefined,
    };
  },
  params({ node, x, y, at }) {
    const { fused } = node.attributes;
    const place = (name: string | undefined) => (name ? at(name) : null);
    const [also, halved, shortcut] = [place(fused.also?.name), place(fused.halved), at('shortcut')];
    return {
      height: y.h,
      width: y.w,
      x_stride: x.stride,
      y_stride: y.stride,
      y_offset: y.offset,
      y_quads: quads(y.c),
      also_stride: also?.stride ?? 0,
      also_offset: also?.offset ?? 0,
      also_quads: also ? quads(also.c) : 0,
      halved_stride: halved?.stride ?? 0,
      halved_offset: halved?.offset ?? 0,
      shortcut_height: shortcut?.h ?? 0,
      shortcut_width: shortcut?.w ?? 0,
      shortcut_stride: shortcut?.stride ?? 0,
      across: Math.ceil(y.w / ACROSS),
      ...offsets(node),
      scale: 1 / fused.squeezed!,
    };
  },
  lanes: ({ y }) => tiles(y) * LANES,
  pack(node, read) {
    const { weight, shortcut, bias } = node.constants;
    const [out, inputs] = shapeOf(weight);
    const [values, beside] = [read(weight), shortcut ? read(shortcut) : null];
    const extra = shortcut ? shapeOf(shortcut)[1] : 0;
    const at = (o: number, step: number): number =>
      step < inputs ? values[o * inputs + step] : beside![o * extra + step - inputs];
    const first = packQuads(WIDTH, out, inputs + extra, at, bias ? read(bias) : null);
    return joinBytes(first, packExcite(node, read), packProjection(node.constants, read));
  },
});
