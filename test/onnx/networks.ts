// A file of ../shared/onnx/networks through the program: imported at the size of each of its cases, run, and held to its float64 outputs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runImported } from '../../src/cli/onnx.ts';
import { createEngine, destroyEngine, type Engine } from '../../src/gpu/executor.ts';
import { decodeValue, encodeValue } from '../../src/gpu/transfer.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { pixelStride } from '../../src/graph/layout.ts';
import { infer } from '../../src/graph/ops.ts';
import { openOnnx } from '../../src/node/onnx-file.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { type Imported, importOnnx, refusalsOf } from '../../src/onnx/import.ts';
import type { OnnxModel } from '../../src/onnx/model.ts';
import { fromPlanes, type Planes, planes } from '../../src/onnx/planes.ts';
import { fuse } from '../../src/passes/index.ts';
import type { AdapterFacts } from '../../src/plan/choose.ts';
import type { Field } from '../../src/reference/field.ts';
import { evaluate, run as runReference } from '../../src/reference/run.ts';
import type { Codec, Precision } from '../../src/shader/source.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { type Tensors, toFloat32, toFloat64 } from '../../src/weights/tensor.ts';

/** What the manifest says of a file. */
export interface Entry {
  readonly name: string;
  readonly kind: 'f32' | 'f16' | 'int8' | 'classes';
  readonly tolerance: number;
  /** Titles of single forms, by output: each is run on its own. */
  readonly forms?: Readonly<Record<string, string>>;
  readonly cases: readonly { readonly inputs: Readonly<Record<string, readonly number[]>> }[];
}

export function manifest(folder: string): Entry[] {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
}

export interface Task {
  readonly title: string;
  /** The largest difference over the largest value; of classes the share that differs. Null: the import refused, for these reasons. */
  judge(run: Runner): Promise<{ readonly error: number | null; readonly refused: string }>;
}

/** Values of a graph's outputs for those of its inputs. */
export type Runner = (imported: Imported, given: ReadonlyMap<string, Planes>) => Promise<ReadonlyMap<string, Planes>>;

export async function tasks(folder: string, entry: Entry): Promise<Task[]> {
  const model = await openOnnx(join(folder, `${entry.name}.onnx`));
  const { tensors } = readSafetensors(readFileSync(join(folder, `${entry.name}.safetensors`)), entry.name);
  const wanted = entry.forms ? Object.keys(entry.forms).map(output => [output]) : [undefined];
  return entry.cases.flatMap(({ inputs }, n) =>
    wanted.map(outputs => ({
      title: `${entry.name}, case ${n}${outputs ? `: ${entry.forms![outputs[0]]}` : ''}`,
      judge: (run: Runner) => judge(model, entry.kind, new Map(Object.entries(inputs)), named(tensors, n), outputs, run),
    })),
  );
}

/** The tensors of a case. */
function named(tensors: Tensors, n: number): Tensors {
  return new Map(
    [...tensors].flatMap(([name, tensor]) => (name.startsWith(`${n}/`) ? [[name.slice(`${n}/`.length), tensor]] : [])),
  );
}

async function judge(
  model: OnnxModel,
  kind: Entry['kind'],
  shapes: ReadonlyMap<string, readonly number[]>,
  tensors: Tensors,
  wanted: readonly string[] | undefined,
  run: Runner,
) {
  let imported: Imported;
  try {
    imported = importOnnx(model, shapes, wanted);
  } catch (error) {
    const refusals = refusalsOf(error);
    if (refusals.length === 0) throw error;
    return { error: null, refused: [...new Set(refusals.map(({ op, reason }) => `${op}: ${reason}`))].join('; ') };
  }
  const given = new Map([...imported.inputs].map(([name, value]) => [value.value, planes(value, toFloat32(tensors.get(name)!))]));
  const made = await run(imported, given);
  let worst = 0;
  for (const [name, value] of imported.outputs) {
    const expected = toFloat32(tensors.get(name)!);
    const got = fromPlanes(value, made.get(value.value)!);
    if (got.length !== expected.length) throw new Error(`${name} has ${got.length} numbers, not ${expected.length}`);
    // Of int8 files there are two honest readings: whole numbers, and maps left in float.
    const float = tensors.get(`${name}:float`);
    const either = float ? Math.min(relative(got, expected), relative(got, toFloat32(float))) : relative(got, expected);
    worst = Math.max(worst, kind === 'classes' ? share(got, expected) : either);
  }
  return { error: worst, refused: '' };
}

function relative(got: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
  return (
    expected.reduce(
      (worst, value, n) => Math.max(worst, Number.isNaN(got[n]) ? Number.POSITIVE_INFINITY : Math.abs(got[n] - value)),
      0,
    ) / scale
  );
}

function share(got: Float32Array, expected: Float32Array): number {
  return expected.filter((value, n) => value !== got[n]).length / expected.length;
}

export const onCpu: Runner = async ({ graph, tensors }, given) => {
  const [first] = given.values();
  return runReference(graph, first, constantReader(tensors, toFloat64), { others: given });
};

/**
 * The fused graph in float64, but every map rounded as it is stored (of blocks the first are not): what storing alone costs. Some of these networks, whose weights are random, make far
 * more of it than of sums in another order.
 */
export const rounded =
  (codec: Codec): Runner =>
  async ({ graph: whole, tensors, outputs }, given) => {
    const graph = fuse(whole, { barriers: false, precision: 'half' });
    const kinds = infer(graph);
    const read = constantReader(tensors, toFloat64);
    const halves = ({ data, ...shape }: Planes): Field => {
      const place = { ...shape, slot: 0, stride: pixelStride(shape.c, codec), offset: 0, start: 0, kind: 'map' } as const;
      return { ...shape, data: Float64Array.from(decodeValue(encodeValue(data, place, codec).buffer, place, codec)) };
    };
    const stored = (name: string, value: Field): Field =>
      kinds.get(name)!.kind === 'map' && !(codec === 'block' && graph.wide?.has(name)) ? halves(value) : value;
    const values = new Map([...given].map(([name, value]) => [name, stored(name, value)]));
    for (const node of graph.nodes) for (const [name, value] of evaluate(node, values, read)) values.set(name, stored(name, value));
    return new Map([...outputs.values()].map(({ value }) => [value, values.get(value)!]));
  };

/** On a device; `close` when all is done. */
export function onDevice(device: GPUDevice, facts: AdapterFacts, precision: Precision): { readonly run: Runner; close(): void } {
  const engine: Engine = createEngine(device, fileLibrary());
  const run: Runner = async (imported, given) => {
    const { values } = await runImported(engine, imported, given, { precision, facts, variants: 'auto' });
    // Weights are kept by name, and another file may use the name too.
    for (const buffer of engine.weights.values()) buffer.destroy();
    engine.weights.clear();
    engine.shared.clear();
    return new Map([...imported.outputs].map(([name, { value }]) => [value, values.get(name)!]));
  };
  return { run, close: () => destroyEngine(engine) };
}
