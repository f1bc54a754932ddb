// A whole network on a device, from normalised planes to the values that are asked for.
import { createEngine, destroyEngine, type Engine, type Program, prepare } from '../../src/gpu/executor.ts';
import { BufferUsage } from '../../src/gpu/flags.ts';
import { readClasses, readValue } from '../../src/gpu/transfer.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { type Graph, INPUT } from '../../src/graph/graph.ts';
import { expectedTensors } from '../../src/models/registry.ts';
import { fuse } from '../../src/passes/index.ts';
import { targetOf, type VariantChoice } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Precision, ShaderLibrary } from '../../src/shader/source.ts';
import { seededInput, seededTensor } from '../../src/weights/seeded.ts';
import { type Tensors, toFloat64 } from '../../src/weights/tensor.ts';
import type { Sitting } from '../judges.ts';

export const mean = [0.485, 0.456, 0.406] as const;
export const std = [0.229, 0.224, 0.225] as const;

/** The fixtures' input: uniform, normalised with ImageNet's mean and deviation, 3×h×w. */
export function fixtureInput({ h, w }: { h: number; w: number }): Float32Array {
  return Float32Array.from(seededInput(INPUT, { h, w }, { mean, std }));
}

export function fixtureWeights(graph: Graph): Tensors {
  return new Map([...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)]));
}

export interface Prepared {
  readonly plan: Plan;
  readonly program: Program;
  /** One frame, recorded by `record` or in one pass: each output as c×h×w float32, classes as they are. */
  run(record?: (encoder: GPUCommandEncoder) => void): Promise<Map<string, Float32Array | Uint8Array>>;
  destroy(): void;
}

/** Fuses and lowers a graph, and binds it to planes. The engine keeps pipelines and weights. */
export async function prepareGraph(
  engine: Engine,
  { facts }: Sitting,
  graph: Graph,
  precision: Precision,
  input = fixtureInput(graph.input),
  tensors = fixtureWeights(graph),
  variants: VariantChoice = 'auto',
): Promise<Prepared> {
  const { device, library } = engine;
  const fused = fuse(graph, targetOf({ precision, facts, variants }));
  const choice = { variants, stem: 'tensor', mean, std, shaderFacts: library.facts } as const;
  const plan = lower(fused, { precision, facts, ...choice });
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST;
  const frame = device.createBuffer({ label: 'planes', size: input.byteLength, usage });
  device.queue.writeBuffer(frame, 0, new Float32Array(input));
  const program = await prepare(engine, fused, plan, constantReader(tensors, toFloat64), frame);
  const read = async (name: string): Promise<[string, Float32Array | Uint8Array]> => {
    return [name, await (plan.values[name].kind === 'class' ? readClasses(device, program) : readValue(device, program, name))];
  };
  const run: Prepared['run'] = async (record = encoder => program.encode(encoder)) => {
    const encoder = device.createCommandEncoder();
    record(encoder);
    device.queue.submit([encoder.finish()]);
    return new Map(await Promise.all(plan.outputs.map(read)));
  };
  const destroy = (): void => {
    program.destroy();
    frame.destroy();
  };
  return { plan, program, run, destroy };
}

/** Shares pipelines between models, whose weights have the same names but other shapes. */
export function engines(sitting: Sitting, library: ShaderLibrary): { of(model: string): Engine; close(): void } {
  const known = new Map<string, Engine>();
  const shared = createEngine(sitting.device, library);
  return {
    of(model) {
      const engine = known.get(model) ?? { ...shared, weights: new Map() };
      known.set(model, engine);
      return engine;
    },
    close() {
      for (const { weights } of known.values()) for (const buffer of weights.values()) buffer.destroy();
      destroyEngine(shared);
    },
  };
}
