// An ONNX file → our graph, at a size: dimensions are bound, what is known before anything runs is folded, and every other node becomes nodes of
// ours by its operator's own small function. What can't be done is refused at once, all of it.
import { AtrousError } from '../errors.ts';
import { FRAME, type Graph, INPUT } from '../graph/graph.ts';
import { verify } from '../graph/verify.ts';
import { pruned } from '../passes/pass.ts';
import { checkFinite } from '../weights/check.ts';
import { count, quote, some, type Tensor, type Tensors } from '../weights/tensor.ts';
import { fromTensor, type Known, printDims } from './array.ts';
import type { Call } from './call.ts';
import { codecsOf } from './core.ts';
import { foldings as shapeFoldings, sizes } from './fold.ts';
import { valueFoldings } from './fold-values.ts';
import { lying, type Mapped, ordered } from './layout.ts';
import type { Branch, OnnxModel, OnnxNode, Port } from './model.ts';
import type { Value } from './operator.ts';
import { operators } from './operators.ts';
import { pen } from './pen.ts';
import { isReason, type Refusal, refuse } from './refusal.ts';

export interface Imported {
  /** Its values are called as ONNX calls them, but for the input and what would be called like it. */
  readonly graph: Graph;
  /** Weights and tables of the graph's constants. */
  readonly tensors: Tensors;
  /** The inputs that the outputs need, by name. */
  readonly inputs: ReadonlyMap<string, Mapped>;
  /** The outputs asked for, by name. */
  readonly outputs: ReadonlyMap<string, Mapped>;
}

/** Numbers that folding may make, beside as many as the file holds: a shape computed by a file can be of terabytes. */
const BUDGET = 2 ** 20;
/** Elements that a value of a network may have: a map of more is no map of a picture. */
const MOST = 2 ** 31;

/** Tensors without NaN: imports at other sizes have the same. What a mask takes out of a softmax is -Infinity. */
const finite = new WeakSet<Tensor>();

export interface ImportOptions {
  /** Names that no value may have. */
  readonly taken?: readonly string[];
  /** Of imports of the same file at other sizes: what this one needs is added, and no name ever stands for two tensors. */
  readonly tensors?: Map<string, Tensor>;
}

/**
 * `shapes` by input; `wanted` by names of values, default the file's outputs. Throws `BAD_USAGE` for names and shapes that don't fit the file, and
 * `BAD_WEIGHTS` for weights that are no numbers, and `BAD_GRAPH` with the nodes that can't be made: up to three in its message, all of them as `Refusal`s in its `cause`.
 */
export function importOnnx(
  model: OnnxModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  wanted?: readonly string[],
  { taken = [], tensors }: ImportOptions = {},
): Imported {
  const { file, opset } = model;
  const outputs = wanted ?? model.outputs.map(({ name }) => name);
  const { nodes, read, used } = neededFor(model, outputs);
  const values = new Map<string, Value>();
  let left = BUDGET + 8 * [...model.initializers.values()].reduce((sum, { shape }) => sum + count(shape), 0);
  const spend = (dims: readonly number[]): void => {
    left -= count(sizes(dims));
    if (!(left >= 0)) refuse(`a value of shape ${printDims(dims)} is worked out, more than a file of this size may ask for`);
  };
  const draft = pen([INPUT, FRAME, ...taken], tensors, spend);
  const inputs = new Map(used.map((port, n) => [port.name, bound(file, port, shapes, n === 0 ? INPUT : draft.fresh(port.name))]));
  for (const [name, value] of inputs) values.set(name, value);
  for (const [name, tensor] of model.initializers) if (read.has(name)) values.set(name, fromTensor(name, tensor));
  // Operators that nobody knows are named all at once, also behind one another.
  const unknown = new Map(
    nodes.flatMap(node => {
      const reason = unknownReason(node, opset);
      return reason ? [[node, reason] as const] : [];
    }),
  );
  const refusals: Refusal[] = [...unknown].map(([{ name, op }, reason]) => ({ node: name, op, reason }));
  const bad = new Set(unknown.keys());
  const make = (node: OnnxNode): void => {
    if (unknown.has(node)) return;
    const given = node.inputs.map(name => (name === '' ? null : (values.get(name) ?? missing)));
    // What hangs on a node that was refused is refused with it, without a word.
    if (given.includes(missing)) return;
    try {
      const branch = branchOf(node, given as (Value | null)[]);
      if (branch) {
        for (const [name, tensor] of branch.initializers) values.set(name, fromTensor(name, tensor));
        for (const each of branch.nodes) {
          const reason = unknownReason(each, opset);
          if (reason) refusals.push({ node: each.name, op: each.op, reason });
          else make(each);
        }
        branch.outputs.forEach((name, n) => {
          const value = values.get(name);
          if (value && node.outputs[n]) values.set(node.outputs[n], value);
        });
        return;
      }
      const made = [evaluate({ node, opset, spend }, given as (Value | null)[], draft)].flat() as Value[];
      made.forEach((value, n) => {
        if (count(sizes(value.dims)) > MOST) refuse(`a value of shape ${printDims(value.dims)}`);
        if (node.outputs[n]) values.set(node.outputs[n], value);
      });
      const unmade = node.outputs.find((name, n) => n >= made.length && read.has(name));
      if (unmade) refuse(`its output ${quote(unmade)} is made in training alone`);
    } catch (error) {
      if (!isReason(error)) throw error;
      refusals.push({ node: node.name, op: node.op, reason: error.refused });
      bad.add(node);
    }
  };
  for (const node of nodes) make(node);
  const sized = refusals.length > unknown.size && used.some(({ dims }) => dims?.some(dim => typeof dim === 'string'));
  if (refusals.length > 0) {
    const early = beforeTail(nodes, bad, name => {
      const value = values.get(name);
      return value?.kind === 'map' && !inputs.has(name) && value.shape.h * value.shape.w > 1;
    });
    const next = [...(sized ? ['another size'] : []), ...(early === null ? [] : [`--output-name ${quote(early)}`])];
    throw refused(file, refusals, ['export it without them', ...next.map(each => `take ${each}`)].join(', or '));
  }
  const found = new Map(outputs.map(name => [name, outputOf(file, name, values.get(name)!, draft)]));
  const [first, ...others] = inputs.values();
  if (!first) throw new AtrousError('BAD_GRAPH', `${file}: ${some(outputs.map(quote))} depend on no input: name another output`);
  for (const [name, tensor] of draft.tensors) {
    if (!finite.has(tensor)) checkFinite(name, tensor, file, true);
    finite.add(tensor);
  }
  const graph: Graph = {
    name: file,
    input: first.shape,
    others: new Map(others.map(({ value, shape }) => [value, shape])),
    nodes: draft.nodes,
    outputs: [...new Set([...found.values()].map(({ value }) => value))],
    aliases: new Map(),
    codecs: codecsOf(draft.nodes),
  };
  return { graph: verify(pruned(graph)), tensors: draft.tensors, inputs, outputs: found };
}

const foldings = new Map([...shapeFoldings, ...valueFoldings]);

const missing = Symbol('made by a node that was refused');

/** What means something else before opset 7. */
const changed = new Set(
  'Add Sub Mul Div Pow And Or Xor Greater Less Equal PRelu Gemm BatchNormalization Dropout Reshape Upsample Cast Tile Concat Split Pad Clip'.split(
    ' ',
  ),
);

function unknownReason({ op, domain }: OnnxNode, opset: number): string | null {
  if (opset < 7 && changed.has(op)) return `it is of opset ${opset}, from 7 on it is read: export it again`;
  if (domain !== '') return `it is of the domain ${quote(domain)}, only ONNX's own operators are known`;
  return op === 'If' || operators.has(op) || foldings.has(op) ? null : 'there is no kernel for it';
}

/** The side of an If that its condition takes, which exporters leave to be found out by shapes; null for any other node. */
function branchOf({ op, branches }: OnnxNode, [condition]: readonly (Value | null)[]): Branch | null {
  if (op !== 'If') return null;
  if (condition?.kind !== 'known') return refuse('its condition is made when the network runs');
  return branches?.get(condition.values()[0] ? 'then_branch' : 'else_branch') ?? refuse('it has no such branch');
}

function evaluate(call: Call, inputs: readonly (Value | null)[], draft: ReturnType<typeof pen>): Value | readonly Value[] {
  const { node } = call;
  const known = inputs.every((value): value is Known | null => value?.kind !== 'map');
  const folding = foldings.get(node.op);
  if (known && folding) return folding(call, inputs);
  const operator = operators.get(node.op) ?? refuse('it is worked out for constants alone');
  return operator({ ...call, inputs, pen: draft });
}

function refused(file: string, refusals: readonly Refusal[], next: string): AtrousError {
  const texts = refusals.map(({ node, op, reason }) => `${op} ${quote(node)}: ${reason}`);
  const what = refusals.length === 1 ? 'a node' : `${refusals.length} nodes`;
  const sentence = (most: number): string => `${file}: ${what} can't be made: ${some(texts, most)}; ${next}`;
  return new AtrousError('BAD_GRAPH', [3, 2].map(sentence).find(({ length }) => length <= 300) ?? sentence(1), {
    cause: refusals,
  });
}

/** With weights of their own: behind one of these a network goes on. */
const learnt = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'QLinearConv', 'ConvInteger']);

/** Where bad nodes only end a network, as a cast to bytes or a search for boxes does: the map before the first of them. Else null. */
function beforeTail(nodes: readonly OnnxNode[], bad: ReadonlySet<OnnxNode>, isMap: (name: string) => boolean): string | null {
  const behind = new Set<string>();
  let early: string | null = null;
  for (const node of nodes) {
    if (!bad.has(node) && !node.inputs.some(name => behind.has(name))) continue;
    if (learnt.has(node.op)) return null;
    for (const name of node.outputs) behind.add(name);
    if (bad.has(node)) early ??= node.inputs.find(isMap) ?? null;
  }
  return early;
}

/** What an import refused, of the error that it threw. */
export function refusalsOf(error: unknown): readonly Refusal[] {
  const cause = error instanceof AtrousError ? error.cause : null;
  return Array.isArray(cause) ? cause : [];
}

function checkOutputs({ file, nodes, outputs }: OnnxModel, wanted: readonly string[]): void {
  const made = new Set(nodes.flatMap(node => node.outputs));
  const unknown = wanted.find(name => !made.has(name));
  if (unknown === undefined) return;
  const names = outputs.map(({ name }) => quote(name));
  throw new AtrousError(
    'BAD_USAGE',
    `${file} makes no value ${quote(unknown)}; its outputs are ${some(names, 8)} (all: atrous inspect --graph)`,
  );
}

/** The inputs that some outputs hang on. Throws `BAD_USAGE` for names of none. */
export function inputsFor(model: OnnxModel, wanted: readonly string[]): readonly Port[] {
  return neededFor(model, wanted).used;
}

function neededFor(model: OnnxModel, wanted: readonly string[]) {
  checkOutputs(model, wanted);
  const nodes = needed(model.nodes, wanted);
  const read = new Set([...nodes.flatMap(node => node.inputs), ...wanted]);
  return { nodes, read, used: model.inputs.filter(({ name }) => read.has(name)) };
}

/** The nodes that some values hang on. */
function needed(nodes: readonly OnnxNode[], wanted: readonly string[]): OnnxNode[] {
  const names = new Set(wanted);
  const kept = [...nodes].reverse().filter(({ inputs, outputs }) => {
    const needs = outputs.some(name => names.has(name));
    if (needs) for (const name of inputs) names.add(name);
    return needs;
  });
  return kept.reverse();
}

/** An input at the shape given. */
function bound(file: string, { name, dims }: Port, shapes: ReadonlyMap<string, readonly number[]>, value: string): Mapped {
  const shape = shapes.get(name);
  const refuseInput = (what: string): never => {
    const own = dims ? printDims(dims.map(dim => (dim === '' ? '?' : dim))) : 'of any shape';
    throw new AtrousError('BAD_USAGE', `${file}: the input ${quote(name)} is ${own}, ${what}`);
  };
  if (!shape)
    return refuseInput(`and what was given is ${some([...shapes.keys()].map(quote)) || 'nothing'}: call it ${quote(name)}`);
  const fits =
    !dims || (dims.length === shape.length && shape.every((size, axis) => typeof dims[axis] === 'string' || dims[axis] === size));
  if (!fits) return refuseInput(`${printDims(shape)} was given: a file of a fixed size runs at no other`);
  if (shape.length < 1 || shape.length > 4 || shape.some(size => !Number.isSafeInteger(size) || size < 1) || count(shape) > MOST)
    return refuseInput(`${printDims(shape)} was given`);
  return { kind: 'map', value, dims: shape, ...layoutOf(shape), classes: false };
}

/** Few channels at the end, and not before the rows, are TensorFlow's order; three axes of which one has few are a picture without a batch. */
function layoutOf(shape: readonly number[]): Pick<Mapped, 'shape' | 'axes'> {
  const [first, , last] = shape.slice(-3);
  if (shape.length >= 3 && last <= 4 && first > 4 && (shape.length === 3 || shape[0] === 1)) return ordered(shape, ['h', 'w', 'c']);
  if (shape.length === 3 && first > 1 && first <= 4) return ordered(shape, ['c', 'h', 'w']);
  return lying(shape);
}

/** An output as a value that a plan makes. */
function outputOf(file: string, name: string, value: Value, draft: ReturnType<typeof pen>): Mapped {
  if (value.kind === 'known')
    throw new AtrousError('BAD_GRAPH', `${file}: the output ${quote(name)} is a constant: name another output`);
  if (value.indices || value.quantised)
    throw new AtrousError(
      'BAD_GRAPH',
      `${file}: the output ${quote(name)} holds whole numbers that are not kept: name another output`,
    );
  if (draft.nodes.some(node => node.name === value.value)) return value;
  return { ...value, value: draft.emit('copy', name, { x: value.value }, {}) };
}

/** Which of an input's axes are a picture's, and how many pictures it has; null for an input that is none. */
function pictureAxes({ dims }: Port): Record<'n' | 'c' | 'h' | 'w', number> | null {
  const n = (dims?.length ?? 4) - 4;
  if (n !== 0 && n !== -1) return null;
  const [first, , last] = dims?.slice(-3) ?? [];
  return typeof last === 'number' && last <= 4 && first !== 3
    ? { n, h: n + 1, w: n + 2, c: n + 3 }
    : { n, c: n + 1, h: n + 2, w: n + 3 };
}

/** The shape of a file's input for a picture of a size: what it names is bound. Null for an input that is no picture. */
export function pictureShape(port: Port, { h, w }: { readonly h: number; readonly w: number }): number[] | null {
  const axes = pictureAxes(port);
  if (!axes) return null;
  const free = { n: 1, c: 3, h, w };
  const shape: number[] = [];
  for (const axis of ['n', 'c', 'h', 'w'] as const) {
    const own = port.dims?.[axes[axis]];
    if (axes[axis] >= 0) shape[axes[axis]] = typeof own === 'number' ? own : free[axis];
  }
  return shape;
}

/** Height and width of a picture where its input says them. */
export function pictureSides(port: Port): (number | null)[] {
  const { h, w } = pictureAxes(port)!;
  return [h, w].map(axis => {
    const side = port.dims?.[axis];
    return typeof side === 'number' ? side : null;
  });
}
