// How the judges of a kernel are called: interpreter (WGSL without a driver), compiler (Dawn's null backend), device (any adapter).
// One that is missing is said so, never counted as content.
import { adapterName, factsOf, openDevice } from '../src/gpu/device.ts';
import { createEngine, destroyEngine, prepare } from '../src/gpu/executor.ts';
import { BufferUsage, TextureUsage } from '../src/gpu/flags.ts';
import type { Variant } from '../src/kernels/kernel.ts';
import { nullAdapter, type OpenedAdapter, openAdapter } from '../src/node/dawn.ts';
import { type AdapterFacts, defaultFacts } from '../src/plan/choose.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { Precision, ShaderLibrary } from '../src/shader/source.ts';
import { interpret, interpretable } from './interpreter.ts';
import { casePlan, caseStep, judge, makeCase } from './kernels/case.ts';
import { again, describeRow } from './kernels/check.ts';
import type { KernelTable, Row } from './kernels/table.ts';
import { type JudgeName, sat } from './record.ts';

export interface Sitting {
  readonly who: string;
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  close(): void;
}

/** Whatever adapter there is, or null after a line that says why not. */
export async function deviceJudge(): Promise<Sitting | null> {
  return seat('device', async () => {
    const opened = await openAdapter({});
    const device = await openDevice(opened.adapter);
    const facts = factsOf(device);
    const who = `${adapterName(device.adapterInfo)}${facts.software ? ' (software)' : ''}`;
    return { who, device, facts, close: () => close(device, opened) };
  });
}

/** Dawn's null backend with nothing requested: a browser's default limits. It compiles, validates, and runs nothing. */
export async function compilerJudge(features: readonly GPUFeatureName[] = []): Promise<Sitting | null> {
  return seat('compiler', async () => {
    const opened = await nullAdapter();
    const device = await opened.adapter.requestDevice({ requiredFeatures: [...features] });
    const facts = { ...defaultFacts, features };
    return { who: "Dawn's null backend, default limits", device, facts, close: () => close(device, opened) };
  });
}

/** Dawn keeps the process alive for as long as it is referenced. */
function close(device: GPUDevice, opened: OpenedAdapter): void {
  device.destroy();
  opened.release();
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
export function interpretation(
  table: KernelTable,
  row: Row,
  { name: variant, needs }: Variant,
  library: ShaderLibrary,
): (() => void) | null {
  const made = makeCase(table, row, 'f32');
  const step = caseStep(made, variant, { ...defaultFacts, ...needs }, library);
  if (!interpretable(made, step, library)) return null;
  return () => {
    const named = { kernel: table.kernel, variant, precision: made.precision, row: row.name };
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
  { who, device }: Sitting,
  library: ShaderLibrary,
  graph: Parameters<typeof prepare>[1],
  plan: Plan,
  read: Parameters<typeof prepare>[3],
): Promise<void> {
  const engine = createEngine(device, library);
  const [h, w] = plan.size;
  const frame =
    plan.stem === 'texture'
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
    destroyEngine(engine);
  }
  sat('compiler', who);
}
