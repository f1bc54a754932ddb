// How the judges of a kernel are called: interpreter (WGSL without a driver), compiler (Dawn's null backend), device (any adapter).
// One that is missing is said so, never counted as content.
import { adapterName, factsOf, openDevice } from '../src/gpu/device.ts';
import { createEngine, destroyEngine, type Engine, prepare } from '../src/gpu/executor.ts';
import { BufferUsage, MATRIX_FEATURE, TextureUsage } from '../src/gpu/flags.ts';
import { learnLanguage } from '../src/gpu/language.ts';
import { PACKED } from '../src/graph/codes.ts';
import { type ReadConstant, shapeOf } from '../src/graph/constant.ts';
import type { Graph } from '../src/graph/graph.ts';
import { weightBytes } from '../src/graph/layout.ts';
import type { Variant } from '../src/kernels/kernel.ts';
import { OCTETS } from '../src/kernels/kernel.ts';
import { nullAdapter, type OpenedAdapter, openAdapter } from '../src/node/dawn.ts';
import type { AdapterFacts } from '../src/plan/choose.ts';
import { type Plan, peakBytes, type Step } from '../src/plan/plan.ts';
import type { Precision, ShaderLibrary } from '../src/shader/source.ts';
import { count } from '../src/weights/tensor.ts';
import { interpret, interpretable } from './interpreter.ts';
import { casePlan, caseStep, factsWith, judge, makeCase } from './kernels/case.ts';
import { again, describeRow } from './kernels/check.ts';
import type { KernelTable, Row } from './kernels/table.ts';
import { type JudgeName, sat } from './record.ts';

export interface Sitting {
  readonly who: string;
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  close(): void;
}

/** Without this one Dawn offers no subgroup matrices. */
const TOGGLES = ['allow_unsafe_apis'];
const MATRIX = { operands: 'f16', sums: 'f32' } as const;

/** Whatever adapter there is, or null after a line that says why not. */
export async function deviceJudge(): Promise<Sitting | null> {
  return seat('device', async () => {
    const opened = await openAdapter({ enable: TOGGLES });
    const device = await openDevice(opened.adapter);
    await learnLanguage(device);
    const facts = factsOf(device);
    const who = `${adapterName(device.adapterInfo)}${facts.software ? ' (software)' : ''}`;
    return { who, device, facts, close: () => close(device, opened) };
  });
}

/** Dawn's null backend with nothing requested: a browser's default limits. It compiles, validates, and runs nothing. */
export async function compilerJudge(features: readonly GPUFeatureName[] = []): Promise<Sitting | null> {
  return seat('compiler', async () => {
    const opened = await nullAdapter(TOGGLES);
    const device = await opened.adapter.requestDevice({
      requiredFeatures: features.filter(feature => ![PACKED, OCTETS].includes(feature)),
    });
    const facts = { ...factsWith({ needs: { matrix: features.includes(MATRIX_FEATURE) ? MATRIX : undefined } }), features };
    return { who: "Dawn's null backend, default limits", device, facts, close: () => close(device, opened) };
  });
}

/** Dawn keeps the process alive for as long as it is referenced; the driver's threads need a moment to end (src/node/engine.ts). */
function close(device: GPUDevice, opened: OpenedAdapter): void {
  device.destroy();
  setTimeout(() => opened.release(), 200);
}

async function seat(name: JudgeName, open: () => Promise<Sitting>): Promise<Sitting | null> {
  try {
    return await open();
  } catch (error) {
    console.log(`skipped: judge ${name} is missing: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

/** How to run a row without a driver, or null where the interpreter can't. It throws what is wrong. */
export function interpretation(table: KernelTable, row: Row, variant: Variant, library: ShaderLibrary): (() => void) | null {
  if (variant.needs.matrix) return null;
  const made = makeCase(table, row, 'f32');
  const step = caseStep(made, variant.name, factsWith(variant), library);
  if (!interpretable(made, step, library)) return null;
  return () => {
    const named = { kernel: table.kernel, variant: variant.name, precision: made.precision, row: row.name };
    const { fault } = judge(made, interpret(made, step, library));
    sat('interpreter', 'wgsl_reflect');
    if (fault) throw new Error(`interpreter: ${describeRow(named)}: ${fault}; ${again(named)}`);
  };
}

/** Makes a row's pipeline, buffers and bind group, and records its dispatch. Throws what WebGPU says. */
export async function compileRow(
  sitting: Sitting,
  library: ShaderLibrary,
  table: KernelTable,
  row: Row,
  { name: variant }: Variant,
  precision: Precision,
): Promise<void> {
  const made = makeCase(table, row, precision);
  const step = caseStep(made, variant, sitting.facts, library);
  await compilePlan(sitting, library, made.graph, casePlan(made, step), made.read);
}

/** The same for a whole plan. */
export async function compilePlan(
  sitting: Sitting,
  library: ShaderLibrary,
  graph: Graph,
  plan: Plan,
  read: ReadConstant,
): Promise<void> {
  const engine = createEngine(sitting.device, library);
  try {
    await compileSteps(engine, graph, plan, read);
  } finally {
    destroyEngine(engine);
  }
  sat('compiler', sitting.who);
}

/** All that buffers of Dawn's null backend may take at a time, whatever its limits say, in bytes. */
const NULL_MEMORY = 512 * 2 ** 20;

/**
 * The same for a plan whose weights take hundreds of megabytes: their buffers have the size that they have on any device, but nobody fills them,
 * which takes half a minute and is of no matter where nothing is computed. As many steps at a time as the null backend has memory for, all slots
 * with them.
 */
export async function compileSizes(sitting: Sitting, library: ShaderLibrary, graph: Graph, plan: Plan): Promise<void> {
  const engine = createEngine(sitting.device, library);
  const sizes = weightSizes(graph, plan);
  const zeros: ReadConstant = constant => new Float64Array(count(shapeOf(constant)));
  const room = NULL_MEMORY - peakBytes(plan) - 2 ** 24;
  try {
    for (const steps of stretches(plan.steps, sizes, room)) {
      const weights = new Map<string, GPUBuffer>();
      try {
        for (const { weights: key } of steps) {
          const size = key && !weights.has(key) && sizes.get(key);
          if (key && size)
            weights.set(key, sitting.device.createBuffer({ label: key, size, usage: BufferUsage.STORAGE | BufferUsage.COPY_DST }));
        }
        await compileSteps({ ...engine, weights }, graph, { ...plan, steps }, zeros);
      } finally {
        for (const buffer of weights.values()) buffer.destroy();
      }
    }
  } finally {
    destroyEngine(engine);
  }
  sat('compiler', sitting.who);
}

/** Bytes of the weights that the dense convolutions of a plan read, by `Step.weights`. */
export function weightSizes({ nodes }: Graph, { steps }: Plan): Map<string, number> {
  const shapes = new Map(nodes.map(({ name, op, constants }) => [name, op === 'conv' ? shapeOf(constants.weight) : null]));
  return new Map(
    steps.flatMap(({ node, weights, store }) => {
      const shape = shapes.get(node);
      return weights && shape ? [[weights, weightBytes(shape, store)] as const] : [];
    }),
  );
}

/** Runs of steps whose weights together fit. */
function stretches(steps: readonly Step[], sizes: ReadonlyMap<string, number>, room: number): readonly Step[][] {
  const runs: Step[][] = [];
  let held = new Set<string>();
  for (const step of steps) {
    const key = step.weights ?? '';
    const bytes = [...new Set([...held, key])].reduce((sum, each) => sum + (sizes.get(each) ?? 0), 0);
    if (runs.length === 0 || bytes > room) {
      runs.push([]);
      held = new Set();
    }
    held.add(key);
    runs.at(-1)!.push(step);
  }
  return runs;
}

/** Makes pipelines, buffers and bind groups of a plan's steps and records their dispatches. */
async function compileSteps(engine: Engine, graph: Graph, plan: Plan, read: ReadConstant): Promise<void> {
  const { device } = engine;
  const [h, w] = plan.size;
  const frame =
    plan.stem !== 'tensor'
      ? device.createTexture({ size: [w, h], format: 'rgba8unorm', usage: TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST })
      : device.createBuffer({ size: h * w * 12, usage: BufferUsage.STORAGE | BufferUsage.COPY_DST });
  try {
    const program = await prepare(engine, graph, plan, read, 'createView' in frame ? frame.createView() : frame);
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    program.encode(encoder);
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    program.destroy();
    if (error) throw new Error(`${plan.model}: ${error.message}`);
  } finally {
    frame.destroy();
  }
}
