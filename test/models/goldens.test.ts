// Whole networks against the published code in PyTorch's float64: on the CPU, and on the device in every precision that it has.
// One small golden lies here; the others belong to the project's shared fixtures and are used where those are.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '../../src/gpu/executor.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { type Graph, resolve } from '../../src/graph/graph.ts';
import { select } from '../../src/graph/select.ts';
import { findNetwork, networks } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { argmax } from '../../src/reference/classify.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { run as runReference } from '../../src/reference/run.ts';
import { upsample } from '../../src/reference/upsample.ts';
import type { Precision } from '../../src/shader/source.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { type Tensor, toFloat32 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { deviceJudge, type Sitting } from '../judges.ts';
import { precisionsOf } from '../kernels/table.ts';
import { sat } from '../record.ts';
import { engines, fixtureInput, fixtureWeights, prepareGraph } from './device.ts';

/** Of max|logits|, which seeded weights drive into the hundreds; and the share of pixels of the same class. */
const tolerances = {
  // Float32 through sixty layers; PyTorch's own float32 is off by up to 1e-5.
  f32: { error: 2e-4, same: 0.999 },
  // Every map is rounded to eleven bits; weights and sums are not.
  half: { error: 2e-2, same: 0.99 },
  f16: { error: 2e-2, same: 0.99 },
  // Float64 from float32 weights, as the golden: what is left is the golden's own storage.
  cpu: { error: 1e-6, same: 1 },
} as const;

/** Pixels of the largest golden that a CPU adapter is given a GPU's plan for. */
const SLOWEST = 64 * 64;

interface Golden {
  readonly name: string;
  readonly model: string;
  readonly classes: number;
  readonly h: number;
  readonly w: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

function goldens(folder: string): Golden[] {
  return readdirSync(folder).flatMap(file => {
    const match = /^(\w+)_(\d+)_(\d+)x(\d+)(\.golden)?\.safetensors$/.exec(file);
    if (!match || !networks().includes(match[1])) return [];
    const [classes, h, w] = match.slice(2, 5).map(Number);
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(`${folder}/${file}`)), file);
    return [{ name: file, model: match[1], classes, h, w, tensors }];
  });
}

/** The decoder's own output, and the logits at input size, where a golden does not hold them interpolated from it. */
function expected({ tensors, h, w }: Golden): { decoder: Field; logits: Field } {
  const fieldOf = (tensor: Tensor): Field => {
    const [, c, height, width] = tensor.shape;
    return field({ c, h: height, w: width }, Float64Array.from(toFloat32(tensor)));
  };
  const decoder = fieldOf(tensors.get('logits4') ?? tensors.get('logits8')!);
  const logits = tensors.get('logits');
  return { decoder, logits: logits ? fieldOf(logits) : upsample(decoder, { h, w }) };
}

function share(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let same = 0;
  for (let n = 0; n < wanted.length; n++) if (got[n] === wanted[n]) same++;
  return same / wanted.length;
}

const shared = fileURLToPath(new URL('../../../shared/fixtures/regseg', import.meta.url));
if (!existsSync(shared))
  console.log('skipped: ../shared/fixtures is missing, so whole networks are compared with one small golden only');
const all = [...goldens(fileURLToPath(new URL('../goldens', import.meta.url))), ...(existsSync(shared) ? goldens(shared) : [])];

const run = suite('goldens');
const device = await deviceJudge();
const shareable = device && engines(device, fileLibrary());

for (const golden of all) {
  const { name, model, classes, h, w } = golden;
  const graph = findNetwork(model).build({ classes, h, w });
  const decoder = resolve(graph, 'decoder');

  run(`${name}: reference`, () => {
    const input = field({ c: 3, h, w }, Float64Array.from(fixtureInput({ h, w })));
    const read = constantReader(fixtureWeights(graph), toFloat32);
    const got = runReference(fuse(select(graph, ['classes', decoder]), { barriers: true }), input, read);
    const wanted = expected(golden);
    judge('cpu', got.get(decoder)!.data, wanted.decoder);
    const same = share(got.get('classes')!.data, argmax(wanted.logits).data);
    assert.ok(same >= tolerances.cpu.same, `${(same * 100).toFixed(2)} % of the classes are equal`);
    sat('reference', 'RegSeg in PyTorch, float64');
  });

  if (!device || !shareable) {
    run.skip(`${name}: device`);
    continue;
  }
  const engine = shareable.of(`${model} ${classes}`);
  for (const precision of precisionsOf(device.facts.features)) {
    run(`${name}: device, ${precision}`, () => compare(golden, graph, engine, device, precision));
    // A CPU adapter can run the plan that a GPU gets, too: its barriers are slow there, not wrong.
    if (device.facts.software && h * w <= SLOWEST)
      run(`${name}: a GPU's plan, ${precision}`, () => compare(golden, graph, engine, gpu(device), precision));
  }
}

/** The same device, taken for a GPU. */
function gpu(sitting: Sitting): Sitting {
  return { ...sitting, who: `${sitting.who}, as if a GPU`, facts: { ...sitting.facts, software: false } };
}

async function compare(golden: Golden, graph: Graph, engine: Engine, sitting: Sitting, precision: Precision): Promise<void> {
  const wanted = expected(golden);
  const decoder = resolve(graph, 'decoder');
  const logits = await prepareGraph(engine, sitting, select(graph, ['logits', decoder]), precision);
  const numbers = await logits.run();
  logits.destroy();
  judge(precision, numbers.get(decoder)!, wanted.decoder);
  judge(precision, numbers.get('logits')!, wanted.logits);
  const whole = await prepareGraph(engine, sitting, graph, precision);
  const same = share((await whole.run()).get('classes')!, argmax(wanted.logits).data);
  whole.destroy();
  assert.ok(same >= tolerances[precision].same, `${(same * 100).toFixed(2)} % of the classes are equal`);
  sat('device', sitting.who);
}

function judge(precision: keyof typeof tolerances, got: ArrayLike<number>, wanted: Field): void {
  const error = relativeError(got, wanted.data);
  const { error: most } = tolerances[precision];
  assert.ok(
    error <= most,
    `${precision}: worst |Δ| is ${error.toExponential(2)} of max|logits|, allowed is ${most.toExponential(0)}`,
  );
}

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
