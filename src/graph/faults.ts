// What is wrong with a node that breaks its operation's rule. Each throws a sentence; the rule itself may then count on what is checked here.
import { AtrousError } from '../errors.ts';
import { shapeOf } from './constant.ts';
import type { Decision } from './decision.ts';
import type { Graph, NodeOf, Op, Shape, Value } from './graph.ts';
import { QUAD, quads } from './layout.ts';
import { branchesOf, must, mustMatch, operandOf, show } from './rules.ts';

type Fault<K extends Op> = (node: NodeOf<K>, input: (role: string) => Value) => void;

function checkConv(node: NodeOf<'conv'>, input: (role: string) => Value): void {
  const { geometry, fused } = node.attributes;
  const { kernel, dilations, pads, groups } = geometry;
  const { shortcut, pooled, partials, squeezed, also } = fused;
  if (node.inputs.beside)
    must(
      input('x').shape.c % 4 === 0,
      () => `x has ${input('x').shape.c} channels: what lies beside it must begin at a whole quad`,
    );
  const x = operandOf(node, input);
  const [o, i, kh, kw] = shapeOf(node.constants.weight);
  must(dilations.length === pads.length && dilations.length > 0, () => `${dilations.length} dilations, ${pads.length} pads`);
  must(kh === kernel[0] && kw === kernel[1], () => `the weight is ${kh}×${kw}, the kernel ${kernel.join('×')}`);
  must(i * groups === x.c, () => `${groups} groups of ${i} channels, but x has ${x.c}`);
  must(
    o % groups === 0 && groups % dilations.length === 0,
    () => `${o} outputs, ${groups} groups and ${dilations.length} branches don't divide`,
  );
  const sizes = branchesOf(node, input);
  const y = sizes[0];
  must(
    y.h > 0 && y.w > 0,
    () => `a ${kh}×${kw} kernel with dilation ${dilations[0].join('×')} and padding ${pads[0].join()} does not fit x, ${show(x)}`,
  );
  for (const size of sizes) mustMatch(y, size, 'another branch');
  if (node.constants.bias)
    must(shapeOf(node.constants.bias)[0] === o, () => `${shapeOf(node.constants.bias)[0]} biases for ${o} outputs`);
  if (node.inputs.gate) must(input('gate').kind === 'exact', () => 'the gate of a convolution must be float32, made by excite');
  if (node.inputs.gate) must(input('gate').shape.c === x.c, () => `the gate has ${input('gate').shape.c} channels, x ${x.c}`);
  must((squeezed !== undefined) === 'sums' in node.inputs, () => 'squeezed sums without their pixels, or the other way round');
  if (node.inputs.sums) mustExcite(node, input('sums'), x.c);
  if (node.inputs.residual) mustMatch(y, input('residual').shape, 'the residual');
  if (node.inputs.addend)
    must(input('addend').shape.c === o, () => `the addend has ${input('addend').shape.c} channels, the result ${o}`);
  if (shortcut) {
    const s = input('shortcut').shape;
    const pooled = shortcut === 'pooled' ? { c: s.c, h: Math.ceil(s.h / 2), w: Math.ceil(s.w / 2) } : s;
    must(pooled.h === y.h && pooled.w === y.w, () => `the ${shortcut} shortcut is ${show(pooled)}, the result ${show(y)}`);
    const [so, si] = shapeOf(node.constants.shortcut);
    must(so === o && si === s.c, () => `the shortcut's weight is ${so}×${si}, it must be ${o}×${s.c}`);
  }
  if (pooled) {
    must(
      pooled.h === y.h && pooled.w === y.w,
      () => `the map before the pool is ${y.h}×${y.w}, pooled says ${pooled.h}×${pooled.w}`,
    );
    const alone = !partials && !also && !node.constants.project && Object.keys(node.inputs).length === 1;
    must(alone, () => 'a pooled convolution takes nothing else into its epilogue');
    return;
  }
  const { project } = node.constants;
  const [made, from] = project ? shapeOf(project) : [o, o];
  must(from === o, () => `the classifier reads ${from} channels, the convolution makes ${o}`);
  must(!partials || (!project && !also), () => 'partial sums leave no room for a second convolution or map');
  if (also) must(also.split > 0 && also.split < made, () => `${made} channels can not be split after ${also.split}`);
}

/** The two layers behind a squeeze must go from the channels of its sums to as many gates. */
function mustExcite({ constants }: NodeOf<'conv' | 'excite'>, { shape: { c }, kind }: Value, channels: number): number {
  const [r, rc] = shapeOf(constants.weight1);
  const [o, or] = shapeOf(constants.weight2);
  must(kind === 'exact', () => 'the sums of a squeeze must be float32, left by a grouped convolution');
  must(
    r === or && rc === c && o === c && c === channels,
    () => `weights ${r}×${rc} and ${o}×${or} for sums of ${c} and a map of ${channels} channels`,
  );
  return r;
}

function checkConcat(node: NodeOf<'concat' | 'join'>, input: (role: string) => Value): void {
  const parts = Object.keys(node.inputs).map(role => input(role).shape);
  for (const part of parts) mustMatch({ ...parts[0], c: part.c }, part, 'a part');
  const { c } = node.attributes;
  const whole = parts.reduce((sum, part) => quads(sum) * QUAD + part.c, 0);
  const packed = parts.reduce((sum, part) => sum + part.c, 0);
  must(c === undefined || c === whole, () => `parts from whole quads on make ${whole} channels, not ${c}`);
  must(
    node.op === 'concat' || c !== undefined || packed === whole,
    () => 'a part ends within a quad: what is stored begins at whole ones',
  );
}

function checkDecision({ threshold, activation }: Decision, { c }: Shape): void {
  const fits = threshold === null ? activation === 'none' : c === 1 && threshold > 0 && threshold < 1;
  must(fits, () => `threshold ${threshold} and activation ${activation} for ${c} channels: a threshold within 0 and 1 is for one`);
}

const decides: Fault<'argmax' | 'classify'> = ({ attributes }, input) => checkDecision(attributes, input('x').shape);
const mayDecide: Fault<'zoom' | 'deconv'> = ({ attributes }, input) => {
  if (attributes.classes) checkDecision(attributes, input('x').shape);
};

export const faults: { readonly [K in Op]?: Fault<K> } = {
  conv: checkConv,
  stem: ({ attributes: { geometry }, constants }) => {
    const [o, , kh, kw] = shapeOf(constants.weight);
    const { kernel } = geometry;
    must(kh === kernel[0] && kw === kernel[1], () => `the weight is ${kh}×${kw}, the kernel ${kernel.join('×')}`);
    const { project } = constants;
    if (project) must(shapeOf(project)[1] === o, () => `the second convolution reads ${shapeOf(project)[1]} channels of ${o}`);
  },
  batchnorm: (node, input) => {
    const { c } = input('x').shape;
    must(shapeOf(node.constants.scale)[0] === c, () => `${shapeOf(node.constants.scale)[0]} scales for ${c} channels`);
  },
  add: (_node, input) => mustMatch(input('x').shape, input('other').shape, 'the other operand'),
  mul: (_node, input) => mustMatch({ c: input('x').shape.c, h: 1, w: 1 }, input('gate').shape, 'the gate'),
  slice: (node, input) => {
    const { from, to } = node.attributes;
    const { c } = input('x').shape;
    must(from >= 0 && from < to && to <= c, () => `channels ${from} to ${to} of ${c}`);
  },
  concat: checkConcat,
  join: checkConcat,
  excite: (node, input) => {
    const { hidden } = node.attributes;
    const made = mustExcite(node, input('x'), input('x').shape.c);
    must(made === hidden, () => `the weights are for ${made} hidden channels, the node for ${hidden}`);
  },
  argmax: decides,
  classify: decides,
  zoom: mayDecide,
  deconv: mayDecide,
};

/** What is wrong between nodes. */
export const wholes: { check?(graph: Graph): void } = {
  /** A part of a join has its pixels as far apart as the whole has, from a quad on that no kernel which reads it knows. */
  check({ name, nodes }) {
    const joins = new Map(
      nodes.flatMap(node => (node.op === 'join' ? Object.values(node.inputs).map(part => [part, node.name]) : [])),
    );
    for (const node of nodes) {
      const part = Object.values(node.inputs).find(value => joins.has(value) && joins.get(value) !== node.name);
      if (part === undefined) continue;
      throw new AtrousError(
        'BAD_GRAPH',
        `${name}: ${node.op} "${node.name}" reads "${part}", which lies within the join "${joins.get(part)}": read that, or join a copy`,
      );
    }
  },
};
