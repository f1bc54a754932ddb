// Plans on a device. It decides nothing: it makes a buffer a slot, a pipeline a key, a bind group a step, and then loops over the steps.
import { AtrousError, checkSignal, describe } from '../errors.ts';
import type { ReadConstant } from '../graph/constant.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { FRAME } from '../graph/graph.ts';
import { BINDING, byteLength, QUAD } from '../graph/layout.ts';
import { packFor } from '../kernels/index.ts';
import { limits } from '../plan/limits.ts';
import { type Plan, pipelineKey, type Step } from '../plan/plan.ts';
import { nodeOf } from '../plan/stem.ts';
import { packParams } from '../shader/pack.ts';
import type { Binding } from '../shader/reflect.ts';
import { type Codec, isCurved, type ShaderLibrary, shadersOf } from '../shader/source.ts';
import { descriptors } from './descriptors.ts';
import { factsOf } from './device.ts';
import { BufferUsage, COMPUTE } from './flags.ts';
import type { MatrixTexts } from './matrices.ts';
import { type Texels, texels } from './texels.ts';
import { encodeValue } from './transfer.ts';

/** Milliseconds that weights are packed at a stretch, the step under way not counted: a page shows 60 frames a second. */
const SLICE = 8;

/** Parameters, and as many storage buffers as WebGPU's default allows a shader. */
const BINDINGS = 9;

/** What the plans of one model share on one device. */
export interface Engine {
  readonly device: GPUDevice;
  readonly library: ShaderLibrary;
  readonly pipelines: Map<string, Promise<Compiled>>;
  /** By `Step.weights`: plans of several sizes share them. */
  readonly weights: Map<string, Uploaded>;
  /** Keys of weights that more than one call has bound: none of them destroys those. */
  readonly shared: Set<string>;
  /** What an unused optional input reads, and an unused optional output writes, for each binding a part: two outputs must not share one. */
  readonly zero: GPUBuffer;
  readonly scratch: GPUBuffer;
  /** How the device has programs with subgroup matrices written; undefined until a plan has some. */
  matrixTexts?: MatrixTexts;
}

/** Weights on the device. */
type Uploaded = GPUBuffer | Texels;

export interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** What is recorded right before a step. */
export interface Interlude {
  readonly step: number;
  record(pass: GPUComputePassEncoder): void;
}

/** A plan with everything that a frame needs: running it creates no buffer, texture or pipeline. */
export interface Program {
  readonly engine: Engine;
  readonly plan: Plan;
  /** Records all steps into one pass. `frame`: another one than the program was prepared with, from `bindFrame`. */
  encode(
    encoder: GPUCommandEncoder,
    timestampWrites?: GPUComputePassTimestampWrites,
    frame?: GPUBindGroup,
    interlude?: Interlude,
  ): void;
  /** The same of one step. */
  dispatch(pass: GPUComputePassEncoder, step: number, frame?: GPUBindGroup): void;
  /** The step that reads the frame, with this one bound. */
  bindFrame(frame: GPUBindingResource): GPUBindGroup;
  /** Parameters of all steps, each at a multiple of `BINDING` (gpu/parameters.ts writes others). */
  readonly parameters: GPUBuffer;
  /** The buffer behind a value of the plan. */
  buffer(value: string): GPUBuffer;
  destroy(): void;
}

export interface PrepareOptions {
  readonly signal?: AbortSignal;
  /** Pipelines compiled so far, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

export function createEngine(device: GPUDevice, library: ShaderLibrary): Engine {
  const unused = (label: string, bindings: number): GPUBuffer =>
    device.createBuffer({ label, size: bindings * BINDING, usage: BufferUsage.STORAGE });
  return {
    device,
    library,
    pipelines: new Map(),
    weights: new Map(),
    shared: new Set(),
    zero: unused('zero', 1),
    scratch: unused('scratch', BINDINGS),
  };
}

export function destroyEngine(engine: Engine): void {
  for (const buffer of [...engine.weights.values(), engine.zero, engine.scratch]) buffer.destroy();
  engine.weights.clear();
  engine.shared.clear();
  engine.pipelines.clear();
}

/**
 * Compiles what is not compiled yet, uploads what is not uploaded yet, binds all. `frame` is what the first step reads; null where every `encode` brings
 * its own, and where the caller fills `input`.
 * Throws `BAD_SHADER` when the device refuses a program, `LIMIT` when weights are larger than a binding or it has no memory left.
 */
export async function prepare(
  engine: Engine,
  graph: Graph,
  plan: Plan,
  read: ReadConstant,
  frame: GPUTextureView | GPUBuffer | null,
  options: PrepareOptions = {},
): Promise<Program> {
  const { device } = engine;
  await engine.library.load(shadersOf(plan.steps), plan.precision);
  await readyMatrices(engine, plan);
  const nodes = new Map(graph.nodes.map(node => [node.name, node]));
  const buffers: GPUBuffer[] = [];
  const mine = new Set<string>();
  const destroy = (): void => {
    for (const buffer of buffers) buffer.destroy();
  };
  try {
    const { compiling, slots, uniforms } = await scoped(device, plan, () => {
      // Compilation runs on other threads while weights are packed and uploaded on this one.
      const compiling = compileAll(engine, plan, options);
      // Its error is met when it is awaited, or an earlier one ends this call.
      compiling.catch(() => {});
      const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
      const slots = plan.slots.map((size, index) => device.createBuffer({ label: `slot ${index}`, size, usage }));
      buffers.push(...slots);
      const uniforms = uploadParams(engine, plan, buffers);
      return { compiling, slots, uniforms };
    });
    const uploaded: Uploaded[] = [];
    const upload = (step: Step): Uploaded =>
      step.weights ? uploadWeights(engine, step, nodeOf(step, nodes), read, mine) : engine.zero;
    while (uploaded.length < plan.steps.length) {
      // Each slice waits for the device's word on the buffers it made: meanwhile the page has its turn.
      await scoped(device, plan, () => {
        const end = performance.now() + SLICE;
        do uploaded.push(upload(plan.steps[uploaded.length]));
        while (uploaded.length < plan.steps.length && performance.now() < end);
      });
    }
    const compiled = await compiling;
    const buffer = (value: string): GPUBuffer => slots[plan.values[value].slot];
    // Rows of a map are bound alone, with all channels of its pixels: the kernel sees them as a map of their own.
    const bound = (value: string): GPUBufferBinding => {
      const { start, stride, h, w, kind } = plan.values[value];
      return start === 0
        ? { buffer: buffer(value) }
        : { buffer: buffer(value), offset: start, size: byteLength({ c: stride * QUAD, h, w }, kind, plan.precision) };
    };
    const bind = (index: number, given: GPUBindingResource | null): GPUBindGroup => {
      const step = plan.steps[index];
      const facts = engine.library.facts(step.shader, plan.precision);
      const resource = (name: string, binding: number): GPUBindingResource => {
        if (name === 'params') return { buffer: uniforms, offset: index * BINDING, size: facts.params.size };
        if (name === 'weights') return resourceOf(uploaded[index]);
        if (name in step.writes)
          return step.writes[name] === null
            ? { buffer: engine.scratch, offset: binding * BINDING, size: BINDING }
            : bound(step.writes[name]);
        const value = step.reads[name];
        if (value === FRAME) return given!;
        return value === null ? { buffer: engine.zero } : bound(value);
      };
      const entries = facts.bindings.map(({ name, binding }) => ({ binding, resource: resource(name, binding) }));
      return device.createBindGroup({ label: step.node, layout: compiled[index].layout, entries });
    };
    const first = plan.steps.findIndex(({ reads }) => Object.values(reads).includes(FRAME));
    const given = frame && resourceOf(frame);
    const groups = await scoped(device, plan, () =>
      plan.steps.map((_, index) => (index === first && !given ? null : bind(index, given))),
    );
    const dispatch: Program['dispatch'] = (pass, index, own) => {
      pass.setPipeline(compiled[index].pipeline);
      pass.setBindGroup(0, index === first && own ? own : groups[index]);
      pass.dispatchWorkgroups(...plan.steps[index].grid);
    };
    return {
      engine,
      plan,
      parameters: uniforms,
      encode(encoder, timestampWrites, own, interlude) {
        const pass = encoder.beginComputePass({ label: plan.model, timestampWrites });
        for (const index of plan.steps.keys()) {
          if (interlude?.step === index) interlude.record(pass);
          dispatch(pass, index, own);
        }
        pass.end();
      },
      dispatch,
      bindFrame: own => bind(first, own),
      buffer,
      destroy,
    };
  } catch (error) {
    destroy();
    // What this call uploaded may be what the device had no memory for.
    for (const key of mine) {
      if (engine.shared.has(key)) continue;
      engine.weights.get(key)?.destroy();
      engine.weights.delete(key);
    }
    throw error;
  }
}

/** Runs a program once, by itself. */
export function submit(device: GPUDevice, program: Program): void {
  const encoder = device.createCommandEncoder();
  program.encode(encoder);
  device.queue.submit([encoder.finish()]);
}

/** A plan that reads planes, 3×h×w, run once on these; its values are then there to be read. */
export async function runOnPlanes(
  engine: Engine,
  graph: Graph,
  plan: Plan,
  read: ReadConstant,
  planes: Float32Array,
  options?: PrepareOptions,
): Promise<Program> {
  const { device } = engine;
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST;
  const frame = device.createBuffer({ label: 'planes', size: planes.byteLength, usage });
  try {
    device.queue.writeBuffer(frame, 0, planes as Float32Array<ArrayBuffer>);
    const program = await prepare(engine, graph, plan, read, frame, options);
    submit(device, program);
    await device.queue.onSubmittedWorkDone();
    return program;
  } finally {
    frame.destroy();
  }
}

/** A plan whose inputs the caller fills, run once on these: C×H×W numbers by value; its values are then there to be read. */
export async function runOnValues(
  engine: Engine,
  graph: Graph,
  plan: Plan,
  read: ReadConstant,
  given: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
  options?: PrepareOptions,
): Promise<Program> {
  const program = await prepare(engine, graph, plan, read, null, options);
  const { queue } = engine.device;
  for (const [value, { data }] of given)
    queue.writeBuffer(program.buffer(value), 0, encodeValue(data, plan.values[value], plan.precision));
  submit(engine.device, program);
  await queue.onSubmittedWorkDone();
  return program;
}

async function compileAll(engine: Engine, plan: Plan, { signal, onProgress }: PrepareOptions): Promise<Compiled[]> {
  const keys = new Set(plan.steps.map(step => pipelineKey(step, plan.precision)));
  let done = 0;
  const compiled = await Promise.all(
    plan.steps.map(async step => {
      const key = pipelineKey(step, plan.precision);
      descriptors.check?.(step, engine.library.facts(step.shader, plan.precision));
      const made = await compile(engine, step, plan.precision, key);
      if (keys.delete(key)) onProgress?.(++done, done + keys.size);
      return made;
    }),
  );
  checkSignal(signal);
  return compiled;
}

/** Before a plan with subgroup matrices is compiled. */
async function readyMatrices(engine: Engine, { steps }: Plan): Promise<void> {
  if (engine.matrixTexts || !steps.some(({ matrix }) => matrix)) return;
  const { matrixTexts } = await import('./matrices.ts');
  engine.matrixTexts = await matrixTexts(engine.device);
}

/** A shader's pipeline, shared by all that ask for it by the same key. Throws `BAD_SHADER` when the device refuses it. */
export function compile(
  engine: Engine,
  step: Pick<Step, 'shader' | 'overrides'> & Partial<Pick<Step, 'store' | 'matrix' | 'codec'>>,
  precision: Codec,
  key: string,
): Promise<Compiled> {
  const known = engine.pipelines.get(key);
  if (known) return known;
  const { device, library } = engine;
  const facts = library.facts(step.shader, precision);
  const entries = facts.bindings.map(({ binding, kind }) => ({
    binding,
    visibility: COMPUTE,
    ...(LAYOUTS[kind] ?? texels.layout),
  }));
  const layout = device.createBindGroupLayout({ label: step.shader, entries });
  const code = step.matrix
    ? engine.matrixTexts!(library, step, precision, step.matrix)
    : library.text(step.shader, step.codec ?? precision, step.store, isCurved(step));
  const module = device.createShaderModule({ label: step.shader, code });
  const constants = Object.fromEntries(Object.entries(step.overrides).map(([name, value]) => [name, Number(value)]));
  const made = device
    .createComputePipelineAsync({
      label: key,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main', constants },
    })
    .then(
      pipeline => ({ pipeline, layout }),
      error => {
        engine.pipelines.delete(key);
        throw new AtrousError('BAD_SHADER', `the device refused the pipeline ${key}: ${describe(error)}`, { cause: error });
      },
    );
  engine.pipelines.set(key, made);
  return made;
}

function resourceOf(made: GPUBuffer | GPUTextureView): GPUBindingResource {
  return 'size' in made ? { buffer: made } : made;
}

/** By the kind of a binding what its layout says; `texels` has a line of its own. */
const LAYOUTS: Readonly<Partial<Record<Binding['kind'], Partial<GPUBindGroupLayoutEntry>>>> = {
  uniform: { buffer: { type: 'uniform' } },
  read: { buffer: { type: 'read-only-storage' } },
  write: { buffer: { type: 'storage' } },
  // Nothing is filtered, so that float32 textures do as well.
  texture: { texture: { sampleType: 'unfilterable-float' } },
  integers: { texture: { sampleType: 'uint' } },
  external: { externalTexture: {} },
};

function uploadParams({ device, library }: Engine, { steps, precision }: Plan, made: GPUBuffer[]): GPUBuffer {
  const buffer = device.createBuffer({
    label: 'params',
    size: steps.length * BINDING,
    usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
  });
  made.push(buffer);
  for (const [index, step] of steps.entries()) {
    device.queue.writeBuffer(buffer, index * BINDING, packParams(library.facts(step.shader, precision), step.params, step.shader));
  }
  return buffer;
}

/** `mine` holds the keys that this call has uploaded itself. */
function uploadWeights(engine: Engine, step: Step, node: Node, read: ReadConstant, mine: Set<string>): Uploaded {
  const { device, weights, shared } = engine;
  const key = step.weights!;
  const known = weights.get(key);
  if (known) {
    // The bands of one plan read the same weights.
    if (!mine.has(key)) shared.add(key);
    return known;
  }
  const packed = packFor(step)(node, read, step.store);
  // The plan was checked without the padding of channels.
  limits.weights?.(step.node, packed.byteLength, factsOf(device));
  let made: Uploaded | null | undefined = texels.weights?.(engine, step, packed);
  if (!made) {
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST;
    made = device.createBuffer({ label: `weights ${node.name}`, size: packed.byteLength, usage });
    device.queue.writeBuffer(made, 0, packed);
  }
  weights.set(key, made);
  mine.add(key);
  return made;
}

/**
 * Does what creates objects, all of it before the first await, so that the error scopes of two calls never interleave. Throws what the
 * device says of it.
 */
export async function scoped<T>(device: GPUDevice, { model, size }: Pick<Plan, 'model' | 'size'>, work: () => T): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let errors: Promise<(GPUError | null)[]>;
  let made: T;
  try {
    made = work();
  } finally {
    errors = Promise.all([device.popErrorScope(), device.popErrorScope()]);
    errors.catch(() => {});
  }
  const [validation, memory] = await errors;
  const where = `${model} at ${size.join('×')}`;
  if (memory) throw new AtrousError('LIMIT', `${where}: the device is out of memory; use a smaller size or --precision half`);
  if (validation) throw new AtrousError('BAD_SHADER', `${where}: ${validation.message}`);
  return made;
}
