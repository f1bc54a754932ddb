// The judges of a kernel, and a record of who sat: a judge that is missing is said so, never counted as content. What they are:
// reference (PyTorch's frozen numbers), interpreter (WGSL without a driver), compiler (Dawn's null backend), device (a real adapter).
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

export type JudgeName = 'reference' | 'interpreter' | 'compiler' | 'device';

/** How the runner reads the record from a test's output. */
export const JUDGED = /^judged: (\w+) \| (.*) \| (\d+)$/;
export const MISSING = /^skipped: judge (\w+) is missing: (.*)$/;

const sittings = new Map<string, number>();
process.on('exit', () => {
  for (const [judge, checks] of sittings) console.log(`judged: ${judge} | ${checks}`);
});

/** Counts a check; `who` is the judge in words. */
export function sat(name: JudgeName, who: string): void {
  const key = `${name} | ${who}`;
  sittings.set(key, (sittings.get(key) ?? 0) + 1);
}

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

/** Runs a row without a driver. Returns false where the interpreter can't; throws what is wrong. */
export function interpretRow(table: KernelTable, row: Row, { name: variant }: Variant, library: ShaderLibrary): boolean {
  const made = makeCase(table, row, 'f32');
  const step = caseStep(made, variant, defaultFacts, library);
  if (!interpretable(made, step, library)) return false;
  const named = { kernel: table.kernel, variant, precision: 'f32' as const, row: row.name };
  const { fault } = judge(made, interpret(made, step, library));
  sat('interpreter', 'wgsl_reflect');
  if (fault) throw new Error(`interpreter: ${describeRow(named)}: ${fault}; ${again(named)}`);
  return true;
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
  const made = makeCase(table, row, precision === 'f16' ? 'half' : precision);
  const laid = { ...made, precision };
  const step = caseStep(laid, variant, sitting.facts, library);
  await compilePlan(sitting, library, laid.graph, casePlan(laid, step), laid.read);
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
    plan.steps[0].shader === 'preprocess'
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
