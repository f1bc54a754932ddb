// A network in numbers ⇒ the same in int8 codes, where that pays: its convolutions, and what lies between them. Other nodes stay as they are, and numbers
// become codes before, and codes numbers behind them. Of a RegSeg that leaves the picture's preprocessing, the gates, and what makes classes of the last scores.
import { codeOf, isAligned, isDepthwise } from '../graph/codes.ts';
import { shapeOf } from '../graph/constant.ts';
import {
  type Activation,
  type Bounds,
  type Codes,
  type Ending,
  type Graph,
  isCurve,
  type Node,
  type NodeOf,
  producers,
  readers,
  type Value,
} from '../graph/graph.ts';
import { infer } from '../graph/ops.ts';
import { verify } from '../graph/verify.ts';
import { broadcast } from './broadcast.ts';
import { foldBatchnorm } from './fold-batchnorm.ts';
import { foldPad } from './fold-pad.ts';
import { ended, fuseRelu } from './fuse-relu.ts';
import { mergeBranches } from './merge-branches.ts';
import { type Pass, pruned, rewrite } from './pass.ts';
import { recalibrate } from './recalibrate.ts';
import { recompose } from './recompose.ts';
import { residualEpilogue } from './residual-epilogue.ts';
import { resizeBehind } from './resize-behind.ts';
import { squeezeExcite } from './squeeze-excite.ts';

/** A clip is two bounds, and so is a ReLU. */
const fuseClip: Pick<Pass, 'apply'> = {
  apply: graph => rewrite(graph, 'activate', (activate, view) => (isCurve(activate, 'clip') ? ended(activate, view) : null)),
};

/**
 * What can be done to numbers and to codes alike: names of values are the same in both, so that ranges found in the one are the other's. Values that
 * have codes of their own stay.
 */
export function prepared(graph: Graph, own: readonly string[] = []): Graph {
  const folds = [foldPad, broadcast, recompose, mergeBranches, foldBatchnorm, resizeBehind];
  const passes = [...folds, fuseRelu, fuseClip, squeezeExcite, recalibrate, residualEpilogue];
  const kept: Graph = { ...graph, outputs: [...new Set([...graph.outputs, ...own])] };
  const after = passes.reduce((before, pass) => verify(pass.apply(before)), kept);
  return pruned({ ...after, outputs: graph.outputs });
}

/** Ends that are bounds. */
const BOUNDED: readonly (Activation['curve'] | undefined)[] = [undefined, 'relu', 'clip'];

const bounded = ({ activation }: Ending): boolean => BOUNDED.includes(activation?.curve);
const only = (names: object, ...known: readonly string[]): boolean => Object.keys(names).every(name => known.includes(name));

function boundsOf({ activation }: Ending, to: Codes): Bounds {
  if (activation?.curve === 'relu') return { low: to.zero, high: 127 };
  if (activation?.curve === 'clip') return { low: codeOf(activation.a, to), high: codeOf(activation.b, to) };
  return { low: -128, high: 127 };
}

/** A convolution whose sums are worth it. */
function convolves(node: Node, values: ReadonlyMap<string, Value>): node is NodeOf<'conv'> {
  if (node.op !== 'conv') return false;
  const { geometry, fused } = node.attributes;
  const [out, inputs] = shapeOf(node.constants.weight);
  const { h, w } = values.get(node.inputs.x)!.shape;
  const plain = only(node.inputs, 'x', 'residual') && only(fused, 'activation', 'partials') && bounded(fused);
  const alone = isDepthwise(geometry, inputs, out) && !('residual' in node.inputs) && !fused.partials;
  return plain && (alone || isAligned(geometry, inputs, out)) && h * w > 1;
}

/** What may stay in codes between such. */
function carries(node: Node, values: ReadonlyMap<string, Value>, made: ReadonlyMap<string, Node>): boolean {
  switch (node.op) {
    case 'copy':
      return true;
    case 'activate':
      return bounded({ activation: node.attributes });
    case 'add':
      return bounded(node.attributes.fused);
    case 'mul':
      return made.get(node.inputs.gate)?.op === 'excite';
    case 'pool':
      return true;
    case 'resize':
      return node.attributes.mode === 'half-pixel';
    case 'concat':
      return Object.values(node.inputs)
        .slice(0, -1)
        .every(part => values.get(part)!.shape.c % 4 === 0);
    default:
      return false;
  }
}

/** What the codes of a graph's maps stand for. */
export interface Coding {
  /** Null for a value that has none and stays in numbers. */
  of(value: string): Codes | null;
  /** A file says it of every map: then parts of a join have their own, else those of the whole. */
  readonly fixed?: boolean;
}

/** A `prepared` graph in codes. */
export function toCodes(graph: Graph, coding: Coding): Graph {
  const values = infer(graph);
  const [made, read] = [producers(graph), readers(graph)];
  const outputs = new Set(graph.outputs);
  const has = (value: string): boolean => coding.of(value) !== null;
  const operands = ({ inputs }: Node): string[] =>
    Object.entries(inputs).flatMap(([role, value]) => (role === 'gate' ? [] : [value]));
  /** Its sums become numbers, unless they are bounded or summed up. */
  const sums = (node: Node): node is NodeOf<'conv'> => {
    if (!convolves(node, values)) return false;
    const { activation, partials } = node.attributes.fused;
    return operands(node).every(has) && (!(activation || partials) || has(node.name));
  };
  // Values that are wanted in codes, from the last to the first; parts of joins have the codes of the whole.
  const wanted = new Set<string>();
  const wholes = new Map<string, string>();
  const carried = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (wanted.has(node.name) && carries(node, values, made) && operands(node).every(has)) carried.add(node);
    else if (!sums(node)) continue;
    for (const value of operands(node)) wanted.add(value);
    if (node.op !== 'concat' || coding.fixed) continue;
    for (const part of Object.values(node.inputs))
      if (read.get(part)!.length === 1 && !outputs.has(part)) wholes.set(part, node.name);
  }
  const codes = (value: string): Codes => coding.of(wholes.get(value) ?? value)!;
  const nodes: Node[] = [];
  // Names of a value's codes and of its numbers, as far as there are any.
  const coded = new Map<string, string>();
  const numbers = new Map<string, string>();
  const inCodes = (value: string): string => {
    if (!coded.has(value)) {
      const name = `${value}.codes`;
      nodes.push({ op: 'quantise', name, inputs: { x: value }, attributes: { to: codes(value) }, constants: {} });
      coded.set(value, name);
    }
    return coded.get(value)!;
  };
  const inNumbers = (value: string, name = `${value}.numbers`): string => {
    if (!coded.has(value)) return value;
    if (!numbers.has(value)) {
      nodes.push({ op: 'dequantise', name, inputs: { x: coded.get(value)! }, attributes: { from: codes(value) }, constants: {} });
      numbers.set(value, name);
    }
    return numbers.get(value)!;
  };
  /** Adds what makes the codes of a value; one that somebody asks for is also there in numbers, under its own name. */
  const make = (value: string, node: Omit<Node, 'name'>): void => {
    const name = outputs.has(value) ? `${value}.codes` : value;
    nodes.push({ ...node, name } as Node);
    coded.set(value, name);
    if (outputs.has(value)) inNumbers(value, value);
  };
  for (const node of graph.nodes) {
    const { name, inputs, constants } = node;
    const to = wanted.has(name) ? codes(name) : null;
    if (sums(node)) {
      const { geometry, fused } = node.attributes;
      const x = inCodes(inputs.x);
      const residual: Record<string, string> = inputs.residual ? { residual: inCodes(inputs.residual) } : {};
      const about = { geometry, from: codes(inputs.x), beside: inputs.residual ? codes(inputs.residual) : null };
      // Sums are taken of codes.
      const own = to ?? (fused.partials || fused.activation ? codes(name) : null);
      const made = { op: 'qconv', inputs: { x, ...residual }, constants } as const;
      if (!own) nodes.push({ ...made, name, attributes: { ...about, to: null, low: -128, high: 127 } });
      else make(name, { ...made, attributes: { ...about, to: own, ...boundsOf(fused, own) } });
      if (fused.partials) {
        const attributes = { from: own!, strips: fused.partials.strips };
        nodes.push({ op: 'qsums', name: fused.partials.name, inputs: { x: coded.get(name)! }, attributes, constants: {} });
      }
      continue;
    }
    if (node.op === 'sums' && wanted.has(inputs.x)) {
      const attributes = { ...node.attributes, from: codes(inputs.x) };
      nodes.push({ ...node, op: 'qsums', inputs: { x: inCodes(inputs.x) }, attributes });
      continue;
    }
    if (!to || !carried.has(node)) {
      const own = Object.entries(inputs).map(([role, value]) => [role, inNumbers(value)]);
      nodes.push({ ...node, inputs: Object.fromEntries(own) } as Node);
      continue;
    }
    const x = (): { readonly from: Codes; readonly inputs: { readonly x: string } } => ({
      inputs: { x: inCodes(inputs.x) },
      from: codes(inputs.x),
    });
    if (node.op === 'copy' || node.op === 'activate') {
      const { from, inputs: own } = x();
      const bounds = boundsOf(node.op === 'copy' ? {} : { activation: node.attributes }, to);
      make(name, { op: 'qadd', inputs: own, attributes: { from, beside: null, to, ...bounds }, constants: {} });
    } else if (node.op === 'add') {
      const { from, inputs: own } = x();
      const attributes = { from, beside: codes(inputs.other), to, ...boundsOf(node.attributes.fused, to) };
      make(name, { op: 'qadd', inputs: { ...own, other: inCodes(inputs.other) }, attributes, constants: {} });
    } else if (node.op === 'mul') {
      const { from, inputs: own } = x();
      make(name, { op: 'qscale', inputs: { ...own, gate: inputs.gate }, attributes: { from, to }, constants: {} });
    } else if (node.op === 'pool') {
      const { from, inputs: own } = x();
      make(name, { op: 'qpool', inputs: own, attributes: { from, to }, constants: {} });
    } else if (node.op === 'resize') {
      const { from, inputs: own } = x();
      const { h, w } = node.attributes;
      make(name, { op: 'qresize', inputs: own, attributes: { h, w, from, to }, constants: {} });
    } else {
      const parts = Object.entries(inputs).map(([role, value]) => {
        const own = codes(value);
        const alone = read.get(value)!.length === 1 && !outputs.has(value);
        if (alone && own.scale === to.scale && own.zero === to.zero) return [role, inCodes(value)];
        // It has codes of its own, or other readers.
        const copy = `${name}.${role}`;
        const attributes = { from: own, beside: null, to, low: -128, high: 127 };
        nodes.push({ op: 'qadd', name: copy, inputs: { x: inCodes(value) }, attributes, constants: {} });
        return [role, copy];
      });
      make(name, { op: 'concat', inputs: Object.fromEntries(parts), attributes: {}, constants: {} });
    }
  }
  return verify({ ...graph, nodes });
}
