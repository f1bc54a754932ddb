// The op table: for each operation its output shape and its cost; what is wrong with a node that breaks its rule is said in faults.ts.
import { AtrousError } from '../errors.ts';
import { count } from '../weights/tensor.ts';
import { shapeOf } from './constant.ts';
import { faults } from './faults.ts';
import { furtherOps } from './further-ops.ts';
import { type Graph, INPUT, type Node, type NodeOf, type Op, type Shape, type Value, writes } from './graph.ts';
import { branchesOf, classMap, convolved, halved, map, type Rule, type Rules, sameAsX } from './rules.ts';

/** Pixels of a row that one lane of the grouped convolution makes, and so the grain of the squeeze's strips. */
export const TILE = 8;

/** Lanes that a squeeze's convolution is cut into at most: enough to fill a GPU, few enough for one excite to add up what they leave. */
const MAX_LANES = 32768;

/** Rows of partial sums for a map: tiles of eight pixels of a row, dealt to so many strips that strips × pairs of quads stay in bounds. */
export function strips({ c, h, w }: Shape): number {
  return Math.min(h * Math.ceil(w / TILE), Math.ceil(MAX_LANES / Math.ceil(c / 8)));
}

/** Tiles that a workgroup with barriers sums up, and one with subgroup matrices; the quads of sums that many workgroups may read again each: 32 KiB. */
const TILES = 64;
const MATRIX_TILES = 16;
const MAX_SUMS = 2048;

/** The same for workgroups that sum their own tiles: so few rows that every workgroup of the next convolution can add them up. */
export function fewStrips({ c, h, w }: Shape, matrices?: boolean): number {
  const groups = Math.ceil((h * Math.ceil(w / TILE)) / (matrices ? MATRIX_TILES : TILES));
  const most = Math.max(Math.floor(MAX_SUMS / Math.ceil(c / 4)), 1);
  return Math.ceil(groups / Math.ceil(groups / most));
}

function inferConv(node: NodeOf<'conv'>, input: (role: string) => Value): Value[] {
  const { partials, also, pooled, halved: means } = node.attributes.fused;
  const [made] = branchesOf(node, input);
  if (pooled) return [map(halved(made))];
  const y = node.constants.project ? { ...made, c: shapeOf(node.constants.project)[0] } : made;
  if (also || means) {
    const parts = also ? [map({ ...y, c: also.split }), map({ ...y, c: y.c - also.split })] : [map(y)];
    return [...parts, ...(means ? [map(halved(made))] : [])];
  }
  return partials ? [map(y), { shape: { c: y.c, h: partials.strips, w: 1 }, kind: 'exact' }] : [map(y)];
}

function inferConcat(node: NodeOf<'concat' | 'join'>, input: (role: string) => Value): Value[] {
  const parts = Object.keys(node.inputs).map(input);
  const c = node.attributes.c ?? parts.reduce((sum, { shape }) => sum + shape.c, 0);
  return [{ ...parts[0], shape: { ...parts[0].shape, c } }];
}

const ops: Rules<Exclude<Op, keyof typeof furtherOps>> = {
  preprocess: { infer: node => [map({ c: 3, h: node.attributes.h, w: node.attributes.w })] },
  conv: {
    infer: inferConv,
    macs: (node, output) => {
      const of = (role: string): number => (node.constants[role] ? count(shapeOf(node.constants[role])) : 0);
      const { h, w } = node.attributes.fused.pooled ?? output;
      return (of('weight') + of('shortcut') + of('project')) * h * w + of('weight1') + of('weight2');
    },
  },
  stem: {
    infer: ({ attributes: { h, w, geometry, fused }, constants: { weight, project } }) => {
      const y = convolved({ c: shapeOf(weight)[0], h, w }, geometry, 0);
      return [map(project ? { ...y, c: shapeOf(project)[0] } : y), ...(fused.halved ? [map(halved(y))] : [])];
    },
    macs: ({ constants: { weight, project } }, { h, w }) =>
      (count(shapeOf(weight)) + (project ? count(shapeOf(project)) : 0)) * h * w,
  },
  batchnorm: { infer: sameAsX },
  activate: { infer: sameAsX },
  add: { infer: sameAsX },
  mul: { infer: sameAsX },
  slice: {
    infer: (node, input) => {
      const { from, to } = node.attributes;
      return [map({ ...input('x').shape, c: to - from })];
    },
  },
  concat: { infer: inferConcat },
  join: { infer: inferConcat },
  copy: { infer: sameAsX },
  mean: { infer: (_node, input) => [map({ c: input('x').shape.c, h: 1, w: 1 })] },
  pool: { infer: (_node, input) => [map(halved(input('x').shape))] },
  softmax: { infer: sameAsX },
  resize: { infer: (node, input) => [map({ c: input('x').shape.c, h: node.attributes.h, w: node.attributes.w })] },
  argmax: { infer: (_node, input) => [classMap(input('x').shape)] },
  excite: {
    infer: (_node, input) => [{ shape: { c: input('x').shape.c, h: 1, w: 1 }, kind: 'exact' }],
    macs: (node, { c }) => 2 * c * node.attributes.hidden,
  },
  classify: { infer: node => [classMap(node.attributes)] },
};

export function ruleOf(op: Op): Rule<Op> {
  return (op in ops ? ops[op as keyof typeof ops] : furtherOps[op as keyof typeof furtherOps]) as Rule<Op>;
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
      faults[node.op]?.(node as never, input);
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
