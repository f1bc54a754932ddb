// The op table: for each operation its output shape, its cost, and what is wrong with a node that breaks its rule.
import { AtrousError } from '../errors.ts';
import { count } from '../weights/tensor.ts';
import { shapeOf } from './constant.ts';
import { furtherOps } from './further-ops.ts';
import { type Graph, INPUT, type Node, type NodeOf, type Op, type Shape, type Value, writes } from './graph.ts';
import { classMap, halved, map, must, mustMatch, type Rule, type Rules, sameAsX, show } from './rules.ts';

/** Pixels of a row that one lane of the grouped convolution makes, and so the grain of the squeeze's strips. */
export const TILE = 8;

/** Lanes that a squeeze's convolution is cut into at most: enough to fill a GPU, few enough for one excite to add up what they leave. */
const MAX_LANES = 32768;

/** Rows of partial sums for a map: tiles of eight pixels of a row, dealt to so many strips that strips × pairs of quads stay in bounds. */
export function strips({ c, h, w }: Shape): number {
  return Math.min(h * Math.ceil(w / TILE), Math.ceil(MAX_LANES / Math.ceil(c / 8)));
}

/** Tiles that a workgroup with barriers sums up, and the quads of sums that many workgroups may read again each: 32 KiB. */
const TILES = 64;
const MAX_SUMS = 2048;

/** The same for workgroups that sum their own tiles: so few rows that every workgroup of the next convolution can add them up. */
export function fewStrips({ c, h, w }: Shape): number {
  const groups = Math.ceil((h * Math.ceil(w / TILE)) / TILES);
  const most = Math.max(Math.floor(MAX_SUMS / Math.ceil(c / 4)), 1);
  return Math.ceil(groups / Math.ceil(groups / most));
}

/** Output length of a convolution along one axis. */
function convolved(size: number, kernel: number, stride: number, dilation: number, pad: number): number {
  return Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** What a convolution slides over: x, or x resized to what lies beside it, and that. */
function operandOf({ inputs }: NodeOf<'conv'>, input: (role: string) => Value): Shape {
  const x = input('x').shape;
  if (!inputs.beside) return x;
  const { c, h, w } = input('beside').shape;
  must(x.c % 4 === 0, () => `x has ${x.c} channels: what lies beside it must begin at a whole quad`);
  return { c: x.c + c, h, w };
}

function inferConv(node: NodeOf<'conv'>, input: (role: string) => Value): Value[] {
  const { kernel, stride, dilations, pads, groups, shortcut, partials, strips, squeezed, also, split } = node.attributes;
  const x = operandOf(node, input);
  const [o, i, kh, kw] = shapeOf(node.constants.weight);
  must(dilations.length === pads.length && dilations.length > 0, () => `${dilations.length} dilations, ${pads.length} pads`);
  must(kh === kernel[0] && kw === kernel[1], () => `the weight is ${kh}×${kw}, the kernel ${kernel.join('×')}`);
  must(i * groups === x.c, () => `${groups} groups of ${i} channels, but x has ${x.c}`);
  must(
    o % groups === 0 && groups % dilations.length === 0,
    () => `${o} outputs, ${groups} groups and ${dilations.length} branches don't divide`,
  );
  const sizes = dilations.map((dilation, n) => ({
    c: o,
    h: convolved(x.h, kh, stride, dilation, pads[n]),
    w: convolved(x.w, kw, stride, dilation, pads[n]),
  }));
  const y = sizes[0];
  const { pooled } = node.attributes;
  must(
    y.h > 0 && y.w > 0,
    () => `a ${kh}×${kw} kernel with dilation ${dilations[0]} and padding ${pads[0]} does not fit x, ${show(x)}`,
  );
  for (const size of sizes) mustMatch(y, size, 'another branch');
  if (node.constants.bias)
    must(shapeOf(node.constants.bias)[0] === o, () => `${shapeOf(node.constants.bias)[0]} biases for ${o} outputs`);
  if (node.inputs.gate) must(input('gate').kind === 'exact', () => 'the gate of a convolution must be float32, made by excite');
  if (node.inputs.gate) must(input('gate').shape.c === x.c, () => `the gate has ${input('gate').shape.c} channels, x ${x.c}`);
  must((squeezed !== null) === 'sums' in node.inputs, () => 'squeezed sums without their pixels, or the other way round');
  if (node.inputs.sums) mustExcite(node, input('sums'), x.c);
  must((partials !== null) === (strips !== null), () => 'partial sums without a number of strips, or the other way round');
  if (node.inputs.residual) mustMatch(y, input('residual').shape, 'the residual');
  if (node.inputs.addend)
    must(input('addend').shape.c === o, () => `the addend has ${input('addend').shape.c} channels, the result ${o}`);
  if (shortcut !== 'none') {
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
    return [map(halved(y))];
  }
  if (node.constants.project) {
    const [projected, from] = shapeOf(node.constants.project);
    must(from === o && !partials, () => `the classifier reads ${from} channels, the convolution makes ${o}`);
    return [map({ ...y, c: projected })];
  }
  if (also) {
    must(split !== null && split > 0 && split < o && !partials, () => `${o} channels can not be split after ${split}`);
    return [map({ ...y, c: split! }), map({ ...y, c: o - split! })];
  }
  return partials ? [map(y), { shape: { c: o, h: strips!, w: 1 }, kind: 'exact' }] : [map(y)];
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

const ops: Rules<Exclude<Op, keyof typeof furtherOps>> = {
  preprocess: { infer: node => [map({ c: 3, h: node.attributes.h, w: node.attributes.w })] },
  conv: {
    infer: inferConv,
    macs: (node, output) => {
      const of = (role: string): number => (node.constants[role] ? count(shapeOf(node.constants[role])) : 0);
      const { h, w } = node.attributes.pooled ?? output;
      return (of('weight') + of('shortcut') + of('project')) * h * w + of('weight1') + of('weight2');
    },
  },
  stem: {
    infer: ({ attributes: { h, w, kernel, stride, dilations, pads }, constants }) => {
      const [o, , kh, kw] = shapeOf(constants.weight);
      must(kh === kernel[0] && kw === kernel[1], () => `the weight is ${kh}×${kw}, the kernel ${kernel.join('×')}`);
      const along = (size: number, taps: number): number => convolved(size, taps, stride, dilations[0], pads[0]);
      return [map({ c: o, h: along(h, kh), w: along(w, kw) })];
    },
    macs: ({ constants }, { h, w }) => count(shapeOf(constants.weight)) * h * w,
  },
  batchnorm: {
    infer: (node, input) => {
      const { shape } = input('x');
      must(
        shapeOf(node.constants.scale)[0] === shape.c,
        () => `${shapeOf(node.constants.scale)[0]} scales for ${shape.c} channels`,
      );
      return [map(shape)];
    },
  },
  relu: { infer: sameAsX },
  sigmoid: { infer: sameAsX },
  add: {
    infer: (_node, input) => {
      mustMatch(input('x').shape, input('other').shape, 'the other operand');
      return [map(input('x').shape)];
    },
  },
  mul: {
    infer: (_node, input) => {
      const { shape } = input('x');
      mustMatch({ c: shape.c, h: 1, w: 1 }, input('gate').shape, 'the gate');
      return [map(shape)];
    },
  },
  slice: {
    infer: (node, input) => {
      const { from, to } = node.attributes;
      const { c, h, w } = input('x').shape;
      must(from >= 0 && from < to && to <= c, () => `channels ${from} to ${to} of ${c}`);
      return [map({ c: to - from, h, w })];
    },
  },
  concat: { infer: inferConcat },
  join: { infer: inferConcat },
  copy: { infer: sameAsX },
  mean: { infer: (_node, input) => [map({ c: input('x').shape.c, h: 1, w: 1 })] },
  pool: { infer: (_node, input) => [map(halved(input('x').shape))] },
  softmax: { infer: sameAsX },
  resize: { infer: (node, input) => [map({ c: input('x').shape.c, h: node.attributes.h, w: node.attributes.w })] },
  argmax: { infer: (node, input) => [classMap(node.attributes, input('x').shape, input('x').shape)] },
  excite: {
    infer: (node, input) => {
      const { c } = input('x').shape;
      const { hidden } = node.attributes;
      const made = mustExcite(node, input('x'), c);
      must(made === hidden, () => `the weights are for ${made} hidden channels, the node for ${hidden}`);
      return [{ shape: { c, h: 1, w: 1 }, kind: 'exact' }];
    },
    macs: (node, { c }) => 2 * c * node.attributes.hidden,
  },
  classify: { infer: (node, input) => [classMap(node.attributes, input('x').shape, node.attributes)] },
};

export function ruleOf(op: Op): Rule<Op> {
  return (op in ops ? ops[op as keyof typeof ops] : furtherOps[op as keyof typeof furtherOps]) as Rule<Op>;
}

function inferConcat(node: Node, input: (role: string) => Value): Value[] {
  const parts = Object.keys(node.inputs).map(role => input(role).shape);
  for (const part of parts) mustMatch({ ...parts[0], c: part.c }, part, 'a part');
  return [map({ ...parts[0], c: parts.reduce((sum, part) => sum + part.c, 0) })];
}

/** Shape and kind of every value, by name. Throws `BAD_GRAPH` at the first node that breaks its rule. */
export function infer(graph: Graph): Map<string, Value> {
  const values = new Map<string, Value>([[INPUT, map(graph.input)]]);
  for (const [name, shape] of graph.others ?? []) values.set(name, map(shape));
  for (const node of graph.nodes) {
    const input = (role: string): Value => {
      const value = values.get(node.inputs[role]);
      if (!value)
        throw new AtrousError(
          'BAD_GRAPH',
          `${graph.name}: ${node.op} "${node.name}" reads "${node.inputs[role]}" (${role}) before it exists`,
        );
      return value;
    };
    for (const role of Object.keys(node.inputs)) input(role);
    try {
      const rule = ruleOf(node.op);
      const names = writes(node);
      rule.infer(node, input).forEach((value, n) => {
        if (values.has(names[n])) throw new AtrousError('BAD_GRAPH', `the value "${names[n]}" is written twice`);
        values.set(names[n], value);
      });
    } catch (error) {
      if (!(error instanceof AtrousError) || error.message.startsWith(graph.name)) throw error;
      throw new AtrousError('BAD_GRAPH', `${graph.name}: ${node.op} "${node.name}": ${error.message}`, { cause: error });
    }
  }
  return values;
}

/** Multiply-adds of one node. */
export function macs(node: Node, output: Shape): number {
  return ruleOf(node.op).macs?.(node, output) ?? 0;
}
