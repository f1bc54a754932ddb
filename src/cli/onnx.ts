// `run` for an ONNX file: its inputs and outputs by its own names, in its own dimensions.
import { AtrousError } from '../errors.ts';
import { factsOf } from '../gpu/device.ts';
import { createEngine, destroyEngine, type Engine, runOnPlanes, runOnValues } from '../gpu/executor.ts';
import { decodeClasses, readBuffer, readValue } from '../gpu/transfer.ts';
import { constantReader } from '../graph/constant.ts';
import { INPUT } from '../graph/graph.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { checkFile, readBytes, resolveFrom, writeAtomic } from '../node/files.ts';
import { openOnnx } from '../node/onnx-file.ts';
import { type Imported, importOnnx, refusalsOf } from '../onnx/import.ts';
import type { Mapped } from '../onnx/layout.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { fromPlanes, type Planes, planes } from '../onnx/planes.ts';
import { fuse } from '../passes/index.ts';
import { type AdapterFacts, targetOf, type VariantChoice } from '../plan/choose.ts';
import { lower } from '../plan/lower.ts';
import type { Plan } from '../plan/plan.ts';
import { run as runReference } from '../reference/run.ts';
import type { Precision } from '../shader/source.ts';
import { imagenet } from '../weights/card.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { fromFloat32, quote, type Tensor, toFloat32, toFloat64 } from '../weights/tensor.ts';
import { type Arguments, exactPrecisionOf, required, variantsOf } from './command.ts';
import { type Output, output } from './output.ts';
import { resolveModel } from './weights.ts';

type Made = Readonly<Record<string, string | number>>;

/** Throws `BAD_USAGE` for options that say nothing of an ONNX file. */
export function refuseForOnnx(args: Arguments): void {
  for (const option of ['weights', 'card', 'key'])
    if (args.text(option) !== undefined)
      throw new AtrousError('BAD_USAGE', `--${option} is not for ONNX files, which hold their own weights`);
  if (args.text('threshold') !== undefined)
    throw new AtrousError('BAD_USAGE', '--threshold is not for ONNX files, whose outputs are given as they are; leave it out');
}

/** Tensors in, tensors out: all outputs of the file unless `--output-name` picks some, and the values that `--taps` names. */
export async function runOnnx(path: string, args: Arguments, backend: 'webgpu' | 'cpu'): Promise<number> {
  const out = output(args.flag('json'));
  refuseForOnnx(args);
  const target = resolveFrom(required(args, 'output', 'run'));
  const source = resolveFrom(required(args, 'input', 'run'));
  const [model, { tensors }] = [await openOnnx(resolveModel(path)), readSafetensors(await readBytes(source), source)];
  const named = args.list('output-name');
  const wanted = [...(named.length > 0 ? named : model.outputs.map(({ name }) => name)), ...args.list('taps')];
  const imported = importReporting(model, new Map([...tensors].map(([name, { shape }]) => [name, shape])), wanted, out.note);
  await checkFile(target);
  const start = performance.now();
  const given = new Map(
    [...imported.inputs].map(([name, value]) => [value.value, planes(value, finite(tensors.get(name)!, name, source))]),
  );
  const { values, made } = backend === 'cpu' ? onCpu(imported, given) : await onGpu(imported, given, args, out.note);
  const results = new Map([...imported.outputs].map(([name, value]) => [name, tensorOf(value, values.get(name)!)]));
  await writeAtomic(
    target,
    writeSafetensors(results, Object.fromEntries(Object.entries(made).map(([fact, value]) => [fact, String(value)]))),
  );
  const ms = Math.round(performance.now() - start);
  out.json({ output: target, ms, ...made, tensors: Object.fromEntries([...results].map(([name, { shape }]) => [name, shape])) });
  out.text(`${path} on ${made.adapter}: ${[...results.keys()].join(', ')} → ${target} (${ms} ms)`);
  return 0;
}

/** An import that says every node that it refuses, a line each, before its error. */
export function importReporting(
  model: OnnxModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  wanted: readonly string[] | undefined,
  note: Output['note'],
): Imported {
  try {
    return importOnnx(model, shapes, wanted);
  } catch (error) {
    for (const { node, op, reason } of refusalsOf(error)) note(`${op} ${quote(node)}: ${reason}`);
    throw error;
  }
}

function finite(tensor: Tensor, name: string, file: string): Float32Array {
  const data = toFloat32(tensor);
  const wrong = data.findIndex(value => !Number.isFinite(value));
  if (wrong >= 0)
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${file}: tensor ${quote(name)} holds ${data[wrong]} at index ${wrong}: all values must be finite`,
    );
  return data;
}

/** Classes and other whole numbers come back as int64, as ONNX's ArgMax has them. */
function tensorOf(value: Mapped, data: Planes): Tensor {
  const numbers = fromPlanes(value, data);
  if (!value.classes && !value.whole) return fromFloat32(value.dims, numbers);
  return {
    dtype: 'I64',
    shape: value.dims,
    bytes: new Uint8Array(BigInt64Array.from(numbers, number => BigInt(Math.round(number))).buffer),
  };
}

interface Results {
  /** By output. */
  readonly values: ReadonlyMap<string, Planes>;
  readonly made: Made;
}

function onCpu({ graph, tensors, outputs }: Imported, given: ReadonlyMap<string, Planes>): Results {
  const [first] = given.values();
  const values = runReference(graph, first, constantReader(tensors, toFloat64), { others: given });
  return {
    values: new Map([...outputs].map(([name, { value }]) => [name, values.get(value)!])),
    made: { adapter: 'cpu reference (float64)', backend: 'cpu', precision: 'f64' },
  };
}

async function onGpu(
  imported: Imported,
  given: ReadonlyMap<string, Planes>,
  args: Arguments,
  note: Output['note'],
): Promise<Results> {
  const [precision, variants] = [exactPrecisionOf(args), variantsOf(args)];
  const { device, note: why } = await nodeDevice({ adapter: args.text('adapter') });
  if (why) note(why);
  const engine = createEngine(device, await shaderLibrary());
  try {
    const facts = factsOf(device);
    const { values, plan } = await runImported(engine, imported, given, { precision, facts, variants });
    return { values, made: { adapter: facts.name, backend: 'webgpu', precision, dispatches: plan.steps.length, plan: plan.hash } };
  } finally {
    destroyEngine(engine);
    device.destroy();
  }
}

/** On a device, by output. One input of three channels is read as it is, in float32; what else is given is stored as maps are. */
export async function runImported(
  engine: Engine,
  { graph: whole, tensors, inputs, outputs }: Imported,
  given: ReadonlyMap<string, Planes>,
  choice: { readonly precision: Precision; readonly facts: AdapterFacts; readonly variants: VariantChoice },
): Promise<{ readonly values: ReadonlyMap<string, Planes>; readonly plan: Plan }> {
  const { device, library } = engine;
  const graph = fuse(whole, targetOf(choice));
  const { mean, std } = imagenet;
  const picture = inputs.size === 1 && graph.input.c === 3;
  const plan = lower(graph, { ...choice, stem: picture ? 'tensor' : 'map', mean, std, shaderFacts: library.brief });
  const read = constantReader(tensors, toFloat64);
  const program = picture
    ? await runOnPlanes(engine, graph, plan, read, Float32Array.from(given.get(INPUT)!.data))
    : await runOnValues(engine, graph, plan, read, given);
  const values = new Map<string, Planes>();
  for (const [name, { value, shape, classes }] of outputs) {
    const data = classes
      ? decodeClasses(await readBuffer(device, program.buffer(value)), plan.values[value])
      : await readValue(device, program, value);
    values.set(name, { ...shape, data: Float64Array.from(data) });
  }
  program.destroy();
  return { values, plan };
}
