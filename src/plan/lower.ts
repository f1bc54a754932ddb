// Graph → plan: a kernel and a variant for every node, a slot for every value, all numbers that the dispatches need.
import { AtrousError } from '../errors.ts';
import { printConstant, shapeOf } from '../graph/constant.ts';
import { FRAME, type Graph, INPUT, type Node, type NodeOf, type Shape, type Value, writes } from '../graph/graph.ts';
import type { Placement } from '../graph/layout.ts';
import { byteLength, pixelStride, quads } from '../graph/layout.ts';
import { infer, macs } from '../graph/ops.ts';
import { kernelFor } from '../kernels/index.ts';
import type { Placed } from '../kernels/kernel.ts';
import type { ShaderFacts } from '../shader/reflect.ts';
import type { Precision } from '../shader/source.ts';
import { count } from '../weights/tensor.ts';
import { type AdapterFacts, choose, type VariantChoice } from './choose.ts';
import { assignSlots, type Lifetime } from './memory.ts';
import { fnv1a64, type Plan, type Stem, type Step } from './plan.ts';
import { stemFrame } from './stem.ts';

export interface LowerOptions {
  readonly precision: Precision;
  readonly facts: AdapterFacts;
  readonly variants: VariantChoice;
  readonly stem: Stem;
  /** Height and width of the frame; the stem resizes when they are not the network's. Default: the network's. */
  readonly frame?: { readonly h: number; readonly w: number };
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Reflected facts of a shader: workgroup sizes come from there. */
  shaderFacts(shader: string, precision: Precision): ShaderFacts;
}

/** Throws `BAD_USAGE` for a precision that the adapter lacks, `LIMIT` when a value is larger than the adapter's buffers, with both numbers, and `BAD_GRAPH` when no kernel fits a node. */
export function lower(graph: Graph, options: LowerOptions): Plan {
  const { precision, stem, facts } = options;
  if (precision === 'f16' && !facts.features.includes('shader-f16')) {
    throw new AtrousError(
      'BAD_USAGE',
      `precision f16 needs the feature shader-f16, which ${facts.name} lacks: half stores as few bytes`,
    );
  }
  const { h, w } = graph.input;
  const first: NodeOf<'preprocess'> = {
    op: 'preprocess',
    name: INPUT,
    inputs: { x: FRAME },
    attributes: { form: stem, h, w, mean: options.mean, std: options.std },
    constants: {},
  };
  const inferred = infer(graph);
  const frame: Placement = {
    slot: -1,
    c: 4,
    h: options.frame?.h ?? h,
    w: options.frame?.w ?? w,
    stride: 1,
    offset: 0,
    kind: 'map',
  };
  const resized = frame.h !== h || frame.w !== w;
  const nodes = resized ? [first, ...graph.nodes] : stemFrame(graph, first);
  const work = nodes.filter(({ op }) => op !== 'join');
  const { values, slots } = place(nodes, work, inferred, graph.outputs, precision, facts);
  const steps = work.map(node => stepOf(node, { ...values, [FRAME]: frame }, options));
  for (const { node, grid } of steps) {
    const most = facts.limits.maxComputeWorkgroupsPerDimension;
    if (grid[1] > most)
      throw new AtrousError(
        'LIMIT',
        `step "${node}" needs ${grid[0] * grid[1]} workgroups, ${facts.name} allows ${most}²; use a smaller size`,
      );
  }
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
  return { ...plan, hash: fnv1a64(JSON.stringify([precision, plan.size, plan.to, steps.slice(1), values, slots, graph.outputs])) };
}

/** Slots for all values. Parts of a join live in the join's slot, from the first part written to the join's last reader. */
function place(
  nodes: readonly Node[],
  work: readonly Node[],
  inferred: ReadonlyMap<string, Value>,
  outputs: readonly string[],
  precision: Precision,
  facts: AdapterFacts,
): { values: Record<string, Placement>; slots: number[] } {
  const homes = new Map<string, { home: string; offset: number }>();
  for (const node of nodes) {
    if (node.op !== 'join') continue;
    // A part is never itself a join: the pass that makes joins copies those.
    let offset = 0;
    for (const part of Object.values(node.inputs)) {
      homes.set(part, { home: node.name, offset });
      offset += quads(inferred.get(part)!.shape.c);
    }
  }
  const home = (value: string): string => homes.get(value)?.home ?? value;
  const spans = new Map<string, { from: number; to: number }>();
  const touch = (value: string, at: number): void => {
    const span = spans.get(home(value)) ?? { from: at, to: at };
    spans.set(home(value), { from: Math.min(span.from, at), to: Math.max(span.to, at) });
  };
  work.forEach((node, at) => {
    for (const value of [...writes(node), ...Object.values(node.inputs)]) if (value !== FRAME) touch(value, at);
  });
  for (const output of outputs) touch(output, work.length);
  const lifetimes: Lifetime[] = [...spans].map(([name, span]) => {
    const { shape, kind } = inferred.get(name)!;
    return { name, bytes: byteLength(shape, kind, precision), ...span };
  });
  for (const { name, bytes } of lifetimes) checkLimits(name, inferred.get(name)!.shape, bytes, facts);
  const { slotOf, slots } = assignSlots(lifetimes);
  const values: Record<string, Placement> = {};
  for (const name of [...inferred.keys()]) {
    if (!slotOf.has(home(name))) continue;
    const { shape, kind } = inferred.get(name)!;
    const stride = kind === 'map' ? pixelStride(inferred.get(home(name))!.shape.c, precision) : quads(shape.c);
    values[name] = { slot: slotOf.get(home(name))!, ...shape, stride, offset: homes.get(name)?.offset ?? 0, kind };
  }
  return { values, slots };
}

function checkLimits(name: string, { c, h, w }: Shape, bytes: number, { name: adapter, limits }: AdapterFacts): void {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  if (bytes > most) {
    throw new AtrousError(
      'LIMIT',
      `value "${name}" (${c}×${h}×${w}) takes ${bytes} bytes, the adapter binds at most ${most} (${adapter}); use a smaller --size or --precision half`,
    );
  }
}

/** One node's dispatch. `values` holds the placement of everything that the node reads and writes. */
export function stepOf(
  node: Node,
  values: Readonly<Record<string, Placement>>,
  options: Pick<LowerOptions, 'precision' | 'facts' | 'variants' | 'shaderFacts'>,
): Step {
  const { precision, facts, variants } = options;
  const kernel = kernelFor(node);
  const variant = choose(kernel, facts, variants);
  const written = writes(node);
  const at = (role: string): Placement | null => values[node.inputs[role] ?? (written.includes(role) ? role : '')] ?? null;
  const placed: Placed = { node, x: values[node.inputs.x], y: values[node.name], at };
  const lanes = variant.lanes?.(placed) ?? kernel.lanes(placed);
  const groups = Math.ceil(lanes / options.shaderFacts(variant.shader, precision).workgroup);
  const across = Math.min(groups, facts.limits.maxComputeWorkgroupsPerDimension);
  const constants = Object.values(node.constants);
  const moved = [...new Set([...Object.values(node.inputs), ...written])].filter(value => value !== FRAME);
  return {
    node: node.name,
    kernel: kernel.name,
    variant: variant.name,
    shader: variant.shader,
    overrides: kernel.overrides(placed),
    params: kernel.params(placed),
    grid: [across, Math.ceil(groups / across)],
    reads: kernel.reads(node),
    writes: kernel.writes(node),
    weights: constants.length ? `${kernel.name} ${constants.map(printConstant).join('; ')}` : null,
    macs: macs(node, values[node.name]),
    bytes: moved.reduce((sum, value) => sum + byteLength(values[value], values[value].kind, precision), weightBytes(node)),
  };
}

/** Bytes of a step's weights, padding left out; they are float32 in every precision. */
function weightBytes(node: Node): number {
  return Object.values(node.constants).reduce((sum, constant) => sum + count(shapeOf(constant)) * 4, 0);
}
