// Graph → plan: a kernel and a variant for every node, a slot for every value, all numbers that the dispatches need.
import { AtrousError } from '../errors.ts';
import { chains } from '../graph/chain.ts';
import { type Constant, printConstant, shapeOf } from '../graph/constant.ts';
import { codecOf, FRAME, type Graph, INPUT, type Node, type NodeOf, type Value, VIEWS, writes } from '../graph/graph.ts';
import type { Placement } from '../graph/layout.ts';
import { byteLength, pixelStride, quads, weightStore } from '../graph/layout.ts';
import { infer, macs, ruleOf } from '../graph/ops.ts';
import { map } from '../graph/rules.ts';
import { curved } from '../kernels/curved.ts';
import { kernelFor, variantsFor } from '../kernels/index.ts';
import { cutOf, type Placed } from '../kernels/kernel.ts';
import type { ShaderFacts } from '../shader/reflect.ts';
import type { Codec, Precision, WeightStore } from '../shader/source.ts';
import { count } from '../weights/tensor.ts';
import { type AdapterFacts, choose, kindOf, matrixFor, type Tuned, targetOf, type VariantChoice } from './choose.ts';
import { limits } from './limits.ts';
import { assignSlots, type Lifetime } from './memory.ts';
import { fnv1a64, type Plan, type Stem, type Step } from './plan.ts';
import { stemFrame } from './stem.ts';

export interface LowerOptions {
  readonly precision: Precision;
  readonly facts: AdapterFacts;
  readonly variants: VariantChoice;
  /** Default: what ships. */
  readonly tuned?: Tuned;
  readonly stem: Stem;
  /** Height and width of the frame; the stem resizes when they are not the network's. Default: the network's. */
  readonly frame?: { readonly h: number; readonly w: number };
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Default: rgb. */
  readonly channels?: 'rgb' | 'bgr';
  /** The input is a tile of the frame with this margin of its reflection, in pixels; default: the whole frame. */
  readonly margin?: number;
  /** Reflected facts of a shader: workgroup sizes come from there. */
  shaderFacts(shader: string, precision: Codec): Pick<ShaderFacts, 'workgroup'>;
}

/** Throws `BAD_USAGE` for a precision that the adapter lacks, `LIMIT` when the frame, a value or a step's weights are larger than the adapter holds, with both numbers, and `BAD_GRAPH` when no kernel fits a node. */
export function lower(graph: Graph, options: LowerOptions): Plan {
  const { stem, facts } = options;
  const precision = codecOf(graph, options.precision);
  if (precision === 'f16' && !facts.features.includes('shader-f16')) {
    throw new AtrousError('BAD_USAGE', `precision f16 needs shader-f16, which ${facts.name} lacks: half stores as few bytes`);
  }
  const { h, w } = graph.input;
  const inferred = infer(graph);
  const frame: Placement = {
    slot: -1,
    c: 4,
    h: options.frame?.h ?? h,
    w: options.frame?.w ?? w,
    stride: 1,
    offset: 0,
    start: 0,
    kind: 'map',
  };
  const [first] = stemNodes(graph, options);
  // A stem convolution reads the frame itself, unless more is to be done with it than to normalise it.
  const plainly = first && frame.h === h && frame.w === w && !first.attributes.tile && first.attributes.channels === 'rgb';
  const whole: readonly Node[] = plainly ? stemFrame(graph, first) : first ? [first, ...graph.nodes] : graph.nodes;
  const { nodes } = plainly && targetOf(options).barriers ? chains.apply({ ...graph, nodes: whole }) : { nodes: whole };
  // A step that is several of the graph's nodes writes what none of them does.
  for (const node of nodes.filter(({ op }) => op === 'stem')) {
    const made = ruleOf('stem').infer(node, () => map(graph.input));
    for (const [n, name] of writes(node).entries()) inferred.set(name, made[n]);
  }
  for (const name of graph.wide ?? []) {
    const value = inferred.get(name)!;
    if (value.kind === 'map') inferred.set(name, { ...value, kind: 'exact' });
  }
  const work = nodes.filter(({ op }) => !VIEWS.has(op));
  const { values, slots } = place(nodes, work, inferred, graph, precision, facts);
  limits.frame?.(stem, frame, facts);
  const steps = work.map((node): Step => {
    const own = graph.wide?.has(node.name) && ({ codec: 'f32' } as const);
    return { ...stepOf(node, { ...values, [FRAME]: frame }, { ...options, precision: own ? own.codec : precision }), ...own };
  });
  for (const step of steps) limits.grid?.(step, facts);
  const last = inferred.get(graph.outputs[0])!.shape;
  const plan = {
    model: graph.name,
    precision,
    stem,
    size: [h, w] as const,
    to: [last.h, last.w] as const,
    steps,
    values,
    slots,
    outputs: graph.outputs,
  };
  return {
    ...plan,
    hash: fnv1a64(
      JSON.stringify([
        precision,
        plan.size,
        plan.to,
        steps.filter(({ reads }) => reads.frame !== FRAME),
        values,
        slots,
        graph.outputs,
      ]),
    ),
  };
}

/** The node that makes `input` of the frame; none where the caller fills `input` itself. */
function stemNodes(
  { input: { h, w } }: Graph,
  { stem, mean, std, channels = 'rgb', margin }: LowerOptions,
): NodeOf<'preprocess'>[] {
  if (stem === 'map') return [];
  const tile = margin === undefined ? null : { margin, top: 0, left: 0 };
  const attributes = { form: stem, h, w, mean, std, channels, tile };
  return [{ op: 'preprocess', name: INPUT, inputs: { x: FRAME }, attributes, constants: {} }];
}

/** A value that lies within another: channel quads and rows from its beginning. */
interface Home {
  readonly value: string;
  readonly offset: number;
  readonly row: number;
}

/** Slots for all values. What is a part of another value lives in its slot, from the first part written to the whole's last reader. */
function place(
  nodes: readonly Node[],
  work: readonly Node[],
  inferred: ReadonlyMap<string, Value>,
  { outputs, others }: Pick<Graph, 'outputs' | 'others'>,
  precision: Codec,
  facts: AdapterFacts,
): { values: Record<string, Placement>; slots: number[] } {
  const within = homes(nodes, inferred);
  const given = new Set([INPUT, ...(others?.keys() ?? [])]);
  const home = (value: string): Home => {
    const outer = within.get(value);
    if (!outer) return { value, offset: 0, row: 0 };
    const whole = home(outer.value);
    return { value: whole.value, offset: whole.offset + outer.offset, row: whole.row + outer.row };
  };
  const spans = new Map<string, { from: number; to: number }>();
  const touch = (value: string, at: number): void => {
    const { value: whole } = home(value);
    const span = spans.get(whole) ?? { from: at, to: at };
    spans.set(whole, { from: Math.min(span.from, at), to: Math.max(span.to, at) });
  };
  work.forEach((node, at) => {
    for (const value of [...writes(node), ...Object.values(node.inputs)]) if (value !== FRAME) touch(value, at);
  });
  for (const output of outputs) touch(output, work.length);
  // What the caller fills is there before the first step.
  for (const name of inferred.keys()) if (given.has(name) && spans.has(name)) touch(name, 0);
  const lifetimes: Lifetime[] = [...spans].map(([name, span]) => {
    const { shape, kind } = inferred.get(name)!;
    return { name, bytes: byteLength(shape, kind, precision), ...span };
  });
  for (const { name, bytes } of lifetimes) limits.value?.(name, inferred.get(name)!.shape, bytes, facts);
  const { slotOf, slots } = assignSlots(lifetimes);
  const values: Record<string, Placement> = {};
  for (const name of [...inferred.keys()]) {
    const { value: whole, offset, row } = home(name);
    if (!slotOf.has(whole)) continue;
    const { shape, kind } = inferred.get(name)!;
    const { c } = inferred.get(whole)!.shape;
    const stride = kind === 'map' ? pixelStride(c, precision) : quads(c);
    const start = byteLength({ c, h: row, w: shape.w }, 'map', precision);
    limits.start?.(name, whole, start);
    values[name] = { slot: slotOf.get(whole)!, ...shape, stride, offset, start, kind };
  }
  return { values, slots };
}

/** Parts of joins and stacks lie in the whole, a crop in what it is cut from. */
function homes(nodes: readonly Node[], inferred: ReadonlyMap<string, Value>): Map<string, Home> {
  const within = new Map<string, Home>();
  for (const node of nodes) {
    if (node.op === 'crop') within.set(node.name, { value: node.inputs.x, offset: 0, row: node.attributes.top });
    if (node.op !== 'join' && node.op !== 'stack') continue;
    let [offset, row] = [0, 0];
    for (const part of Object.values(node.inputs)) {
      within.set(part, { value: node.name, offset, row });
      const { c, h } = inferred.get(part)!.shape;
      if (node.op === 'join') offset += quads(c);
      else row += h;
    }
  }
  return within;
}

/** One node's dispatch. `values` holds the placement of everything that the node reads and writes. */
export function stepOf(
  node: Node,
  values: Readonly<Record<string, Placement>>,
  options: Pick<LowerOptions, 'facts' | 'variants' | 'tuned' | 'shaderFacts'> & {
    readonly precision: Codec;
    readonly halfWeightsFrom?: number;
  },
): Step {
  const { precision, facts, variants } = options;
  const kernel = kernelFor(node);
  const { weight } = node.constants as { weight?: Constant };
  const store = kernel.halfWeights && weight ? weightStore(shapeOf(weight), precision, options.halfWeightsFrom) : 'f32';
  const written = writes(node);
  const at = (role: string): Placement | null => values[node.inputs[role] ?? (written.includes(role) ? role : '')] ?? null;
  const placed: Placed = { node, x: values[node.inputs.x], y: values[node.name], at };
  const task = { overrides: kernel.overrides(placed), precision, store, y: placed.y };
  const variant = choose(task, { ...kernel, variants: variantsFor(kernel, node) }, facts, variants, options.tuned);
  const { params, lanes, ...cut } = cutOf(kernel, variant);
  const overrides = cut.overrides(placed);
  const { workgroup } = options.shaderFacts(variant.shader, precision);
  const groups = Math.ceil(lanes(placed) / (typeof workgroup === 'string' ? Number(overrides[workgroup]) : workgroup));
  const packed = variant.pack ? variant.shader : kernel.name;
  const across = Math.min(groups, facts.limits.maxComputeWorkgroupsPerDimension);
  const constants = [...Object.values(node.constants).map(weightsText), ...(curved.behind?.(node) ?? [])];
  const matrix = variant.needs.matrix && matrixFor(variant.needs.matrix, facts)!;
  const stored = matrix?.operands === 'f16' ? 'half' : store;
  const weightBytes = constantBytes(node, stored) * (variant.weightsGrow ?? 1);
  limits.weights?.(node.name, weightBytes, facts);
  const moved = [...new Set([...Object.values(node.inputs), ...written])].filter(value => value !== FRAME);
  return {
    node: node.name,
    kernel: kernel.name,
    variant: variant.name,
    shader: variant.shader,
    overrides,
    kind: kindOf(kernel, task),
    params: params(placed),
    grid: [across, Math.ceil(groups / across)],
    reads: kernel.reads(node),
    writes: kernel.writes(node),
    weights: constants.length ? `${packed}${stored === 'half' ? '/half' : ''} ${constants.join('; ')}` : null,
    store: stored,
    ...(matrix && { matrix }),
    macs: macs(node, values[node.name]),
    bytes: moved.reduce((sum, value) => sum + byteLength(values[value], values[value].kind, precision), weightBytes),
  };
}

/** Narrow and wide networks have tensors of the same names. */
function weightsText(constant: Constant): string {
  return `${printConstant(constant)} ${shapeOf(constant).join('×')}`;
}

/** Bytes of a node's weights. */
function constantBytes(node: Node, store: WeightStore): number {
  return Object.values(node.constants).reduce((sum, constant) => sum + count(shapeOf(constant)) * (store === 'half' ? 2 : 4), 0);
}
