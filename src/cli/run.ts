// Raw tensors in, raw tensors out: what scripts and comparisons with PyTorch use.

import { AtrousError } from '../errors.ts';
import { checkFit } from '../front/fit.ts';
import { thresholdOf } from '../front/options.ts';
import { factsOf } from '../gpu/device.ts';
import { createEngine, destroyEngine, type Engine, type Program, runOnPlanes } from '../gpu/executor.ts';
import { readClasses, readValue } from '../gpu/transfer.ts';
import { constantReader } from '../graph/constant.ts';
import { THRESHOLD } from '../graph/decision.ts';
import { resolve } from '../graph/graph.ts';
import { select } from '../graph/select.ts';
import { type LoadedWeights, registered } from '../load.ts';
import type { Network } from '../models/registry.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { checkFile, readBytes, resolveFrom, writeAtomic } from '../node/files.ts';
import { isModelFile } from '../node/onnx-file.ts';
import { fuse } from '../passes/index.ts';
import { targetOf, type VariantChoice } from '../plan/choose.ts';
import { lower } from '../plan/lower.ts';
import { decidedAt } from '../plan/threshold.ts';
import { run as runReference } from '../reference/run.ts';
import type { Precision } from '../shader/source.ts';
import { imagenet } from '../weights/card.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { fromFloat32, type Tensor, toFloat32, toFloat64 } from '../weights/tensor.ts';
import { type Command, exactPrecisionOf, insideOf, onePositional, required, shared, sharedHelp, variantsOf } from './command.ts';
import { runOnnx } from './onnx.ts';
import { output } from './output.ts';
import { openWeights } from './weights.ts';

interface Picture {
  readonly h: number;
  readonly w: number;
  /** 3×h×w, normalised. */
  readonly data: Float32Array;
}

interface Choice {
  readonly adapter: string | undefined;
  readonly precision: Precision;
  readonly variants: VariantChoice;
  /** Null where the largest channel wins. */
  readonly threshold: number | null;
}

interface Results {
  readonly tensors: Map<string, Tensor>;
  /** What made them: on the JSON line as it is, in the file's metadata as text, which is all that safetensors takes there. */
  readonly made: { readonly adapter: string; readonly [fact: string]: string | number };
}

export const run: Command = {
  usage:
    'run MODEL --weights FILE --input X.safetensors --output Y.safetensors [--backend webgpu|cpu] [--taps a,b] [--threshold T] [--output-name a,b]',
  about: 'raw tensors: `input` 1×3×H×W, normalised → `logits` (DilatedNet: `prob`), `classes` and taps by name',
  help: {
    ...sharedHelp,
    'output-name': 'outputs of an ONNX file, by commas; default: all',
    input: 'safetensors with `input`, 1×3×H×W float32, normalised; of an ONNX file its inputs by name',
    output: 'safetensors to write',
    backend: 'webgpu (default) or cpu, the slow reference in float64',
    taps: 'values to keep: module paths (stem, body.stage16.3, decoder, …), Caffe layers (fc7, ctx_final, …), or ONNX values',
  },
  options: {
    weights: shared.weights,
    card: shared.card,
    key: shared.key,
    'output-name': { type: 'string' },
    input: { type: 'string' },
    output: shared.output,
    backend: { type: 'string' },
    taps: { type: 'string' },
    threshold: shared.threshold,
    adapter: shared.adapter,
    precision: shared.precision,
    variants: shared.variants,
    json: shared.json,
  },
  async run(args) {
    const out = output(args.flag('json'));
    const model = onePositional('run', args, 'MODEL');
    const backend = args.text('backend') ?? 'webgpu';
    if (backend !== 'webgpu' && backend !== 'cpu')
      throw new AtrousError('BAD_USAGE', `--backend ${backend}: allowed are webgpu, cpu`);
    if (isModelFile(model)) return runOnnx(model, args, backend);
    if (args.text('output-name') !== undefined) throw new AtrousError('BAD_USAGE', '--output-name is for ONNX files: use --taps');
    const inside = insideOf(args);
    const asked = { adapter: args.text('adapter'), precision: exactPrecisionOf(args, true), variants: variantsOf(args) };
    const target = resolveFrom(required(args, 'output', 'run'));
    const picture = await readInput(resolveFrom(required(args, 'input', 'run')));
    const weights = registered(await openWeights(model, args), args.text('weights') ?? model);
    const { network } = weights;
    checkFit(weights, inside);
    const choice: Choice = { ...asked, threshold: thresholdOf(network, inside) };
    // The scores and `classes` are always there: a tap of that name asks for nothing more.
    const taps = args.list('taps').filter(tap => tap !== network.scores && tap !== 'classes');
    if (weights.card.int8 && taps.length > 0)
      throw new AtrousError(
        'BAD_USAGE',
        `--taps ${taps}: maps of int8 weights are codes, and only scores and classes are written: leave it out`,
      );
    select(network.build({ h: picture.h, w: picture.w }), [network.scores, ...taps]); // unknown taps, before any work
    await checkFile(target);
    const start = performance.now();
    const results =
      backend === 'cpu' ? onCpu(weights, picture, taps, choice) : await onGpu(weights, picture, taps, choice, out.note);
    const metadata = Object.fromEntries(Object.entries(results.made).map(([fact, value]) => [fact, String(value)]));
    await writeAtomic(target, writeSafetensors(results.tensors, metadata));
    const shapes = Object.fromEntries([...results.tensors].map(([name, { shape }]) => [name, shape]));
    const ms = Math.round(performance.now() - start);
    out.json({ output: target, ms, ...results.made, tensors: shapes });
    out.text(
      `${model} at ${picture.h}x${picture.w} on ${results.made.adapter}: ${[...results.tensors.keys()].join(', ')} → ${target} (${ms} ms)`,
    );
    return 0;
  },
};

async function readInput(path: string): Promise<Picture> {
  const { tensors } = readSafetensors(await readBytes(path), path);
  const input = tensors.get('input');
  const shape = input?.shape ?? [];
  if (input?.dtype !== 'F32' || shape.length !== 4 || shape[0] !== 1 || shape[1] !== 3 || !(shape[2] > 0 && shape[3] > 0)) {
    const found = input
      ? `${input.dtype} ${shape.join('×')}`
      : `missing; there are ${[...tensors.keys()].slice(0, 5).join(', ') || 'no tensors'}`;
    throw new AtrousError('BAD_WEIGHTS', `${path}: tensor "input" must be F32 1×3×H×W, it is ${found}`);
  }
  const data = toFloat32(input);
  const wrong = data.findIndex(value => !Number.isFinite(value));
  if (wrong >= 0)
    throw new AtrousError(
      'BAD_WEIGHTS',
      `${path}: tensor "input" holds ${data[wrong]} at index ${wrong}: all values must be finite`,
    );
  return { h: shape[2], w: shape[3], data };
}

function onCpu(
  { network, tensors }: LoadedWeights<Network>,
  { h, w, data }: Picture,
  taps: readonly string[],
  choice: Choice,
): Results {
  const graph = network.build({ h, w, ...thresholdFact(choice) });
  const values = runReference(
    select(graph, ['classes', network.scores, ...taps]),
    { c: 3, h, w, data: Float64Array.from(data) },
    constantReader(tensors, toFloat64),
  );
  const tensorOf = (name: string): Tensor => {
    const value = values.get(resolve(graph, name))!;
    return fromFloat32([1, value.c, value.h, value.w], Float32Array.from(value.data));
  };
  const named = new Map([network.scores, ...taps].map(name => [name, tensorOf(name)]));
  const classes = values.get('classes')!;
  named.set('classes', { dtype: 'U8', shape: [1, classes.h, classes.w], bytes: Uint8Array.from(classes.data) });
  return {
    tensors: named,
    made: { adapter: 'cpu reference (float64)', backend: 'cpu', precision: 'f64', ...thresholdFact(choice) },
  };
}

async function onGpu(
  weights: LoadedWeights<Network>,
  picture: Picture,
  taps: readonly string[],
  choice: Choice,
  note: (line: string) => void,
): Promise<Results> {
  const { device, note: why } = await nodeDevice({ adapter: choice.adapter });
  if (why) note(why);
  const engine = createEngine(device, await shaderLibrary());
  try {
    const { network } = weights;
    const graph = network.build({ h: picture.h, w: picture.w });
    const named = new Map<string, Tensor>();
    const scores = [network.scores, ...taps];
    const tapped = await execute(engine, weights, picture, scores, choice);
    for (const name of scores) {
      const value = resolve(graph, name);
      const place = tapped.plan.values[value];
      named.set(name, fromFloat32([1, place.c, place.h, place.w], await readValue(device, tapped, value)));
    }
    tapped.destroy();
    const fast = await execute(engine, weights, picture, ['classes'], choice);
    const [h, w] = fast.plan.to;
    named.set('classes', { dtype: 'U8', shape: [1, h, w], bytes: await readClasses(device, fast) });
    const { steps, hash, precision } = fast.plan;
    fast.destroy();
    const { name: adapter } = factsOf(device);
    return {
      tensors: named,
      made: { adapter, backend: 'webgpu', precision, ...thresholdFact(choice), dispatches: steps.length, plan: hash },
    };
  } finally {
    destroyEngine(engine);
    device.destroy();
  }
}

/** Where the threshold is part of what the results are. */
function thresholdFact({ threshold }: Choice): { readonly threshold: number } | Record<never, never> {
  return threshold === null ? {} : { threshold };
}

/** Runs the plan that makes some outputs, once. */
async function execute(
  engine: Engine,
  { network, tensors, card }: LoadedWeights<Network>,
  picture: Picture,
  outputs: readonly string[],
  { precision, variants, threshold }: Choice,
): Promise<Program> {
  const { h, w, data } = picture;
  const facts = factsOf(engine.device);
  const target = targetOf({ precision, facts, variants });
  const graph = fuse(select(network.build({ h, w }), outputs), target);
  const plan = lower(graph, {
    precision,
    facts,
    variants,
    stem: 'tensor',
    mean: imagenet.mean,
    std: imagenet.std,
    channels: card.preprocessing.channels,
    // As in `segment`, whose first step is another: so that both plans are one.
    margin: network.tile?.margin,
    shaderFacts: engine.library.brief,
  });
  const steps = [...plan.steps];
  for (const [index, params] of decidedAt(plan, graph, threshold ?? THRESHOLD)) steps[index] = { ...steps[index], params };
  return runOnPlanes(engine, graph, { ...plan, steps }, constantReader(tensors, toFloat64), data);
}
