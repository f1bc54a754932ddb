// transposed conv  ⇒  a convolution at x's size that makes all pixels between two of x, phase after phase as channels, and a step that puts them in their places.
import type { Constant } from '../graph/constant.ts';
import type { Node, NodeOf, Pair, Shape } from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite } from './pass.ts';

/** Taps of all phases over those of the kernel: a 3×3 one of stride 2 has 16 for its 9, and the fast rows of convolutions are worth more than that. */
const MOST = 2.25;

/** Along one axis: what the convolution is, how many rows or columns it makes, and what is cut from the beginning of its pixels. */
interface Axis {
  readonly stride: number;
  readonly taps: number;
  readonly dilation: number;
  readonly before: number;
  readonly behind: number;
  readonly cut: number;
}

export const transposedPhases: Pass = {
  name: 'transposed-phases',
  why: 'of a kernel with gaps every pixel between two of x meets other taps: each phase is a small convolution, and all are one with more channels',
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'transposed', node => {
      const parts = phased(node, values.get(node.inputs.x)!.shape);
      return parts && { node: parts, drop: [] };
    });
  },
};

function phased(node: NodeOf<'transposed'>, shape: Shape): readonly Node[] | null {
  const { kernel, groups, h, w, fused } = node.attributes;
  const axes = [axisOf(node, 0, shape.h, h), axisOf(node, 1, shape.w, w)];
  const [rows, columns] = axes;
  if (groups > 1 || !rows || !columns || rows.stride * columns.stride === 1) return null;
  const of = (key: keyof Axis): Pair => [rows[key], columns[key]];
  const strides = of('stride');
  const made = of('taps');
  if (made[0] * made[1] * strides[0] * strides[1] > MOST * kernel[0] * kernel[1]) return null;
  const name = `${node.name}.phases`;
  const { weight, scale, ...perOutput } = node.constants;
  const turned: Constant = { kind: 'turned', of: weight };
  const scaled: Constant = scale?.kind === 'scale' ? { kind: 'scaled', of: turned, norm: scale.norm } : turned;
  const byPhase = (of: Constant): Constant => ({ kind: 'phases', of, strides });
  const others = Object.entries(perOutput).map(([role, constant]) => [role, byPhase(constant)] as const);
  const conv: NodeOf<'conv'> = {
    op: 'conv',
    name,
    inputs: node.inputs,
    attributes: {
      geometry: { kernel: made, strides: [1, 1], dilations: [of('dilation')], pads: [[...of('before'), ...of('behind')]], groups },
      fused,
    },
    constants: { weight: byPhase(scaled), ...Object.fromEntries(others) },
  };
  return [
    conv,
    { op: 'interleave', name: node.name, inputs: { x: name }, attributes: { strides, cut: of('cut'), h, w }, constants: {} },
  ];
}

function axisOf({ attributes }: NodeOf<'transposed'>, axis: 0 | 1, size: number, made: number): Axis | null {
  const [kernel, dilation, pad] = [attributes.kernel[axis], attributes.dilations[axis], attributes.pads[axis]];
  // A single pixel has no neighbours: every tap is a phase.
  const stride = size === 1 && dilation === 1 && made + pad <= kernel ? kernel : attributes.strides[axis];
  if (stride > 1 && dilation > 1) return null;
  const taps = Math.ceil(kernel / stride);
  const reach = dilation * (taps - 1);
  const first = Math.min(Math.floor(pad / stride), reach);
  const [before, count] = [reach - first, Math.floor((made - 1 + pad) / stride) - first + 1];
  return { stride, taps, dilation, before, behind: Math.max(count + reach - size - before, 0), cut: pad - stride * first };
}
