// `npm run test:full [network] [precision]`: a DilatedNet as wide as published, with seeded weights, on the device and on the CPU. It takes minutes and
// gigabytes, so `npm test` leaves it out: there networks have a sixteenth of their hidden channels, and kernels meet every width alone.
import { constantReader, printConstant, type ReadConstant } from '../src/graph/constant.ts';
import { infer, macs } from '../src/graph/ops.ts';
import { select } from '../src/graph/select.ts';
import { fileLibrary } from '../src/node/shader-files.ts';
import { precisionsOf } from '../src/plan/choose.ts';
import { peakBytes } from '../src/plan/plan.ts';
import { argmax } from '../src/reference/classify.ts';
import { type Field, field } from '../src/reference/field.ts';
import { run } from '../src/reference/run.ts';
import type { Precision } from '../src/shader/source.ts';
import { toFloat64 } from '../src/weights/tensor.ts';
import { relativeError } from './goldens/pytorch.ts';
import { deviceJudge } from './judges.ts';
import { engines, prepareGraph } from './models/device.ts';
import { fixtureInput, seededWeights } from './models/dilatednet-fixtures.ts';

/** Two cells along an axis: few enough for the CPU. */
const SIZE = { h: 388, w: 388 };
/** Bytes of a buffer or binding at most: so the first block is made in bands, fc6 and fc7 in parts, as at the default limits with a published tile. */
const LIMIT = 32 * 2 ** 20;

/** Of the largest magnitude. In half the weights of fc6 and fc7 are rounded too; an error of d in every score moves no probability by more than d/2. */
const tolerances = {
  f32: { scores: 2e-4, prob: 2e-4 },
  half: { scores: 5e-3, prob: 2e-2 },
  f16: { scores: 5e-3, prob: 2e-2 },
} as const;

const [name = 'dilation10_cityscapes', precision = 'f32'] = process.argv.slice(2) as [string?, Precision?];
const began = performance.now();
let failed = 0;

function say(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

function check(what: string, error: number, most: number): void {
  if (!(error <= most)) failed++;
  say(`${error <= most ? 'ok  ' : 'FAIL'}  ${what}: ${error.toExponential(2)}, allowed is ${most}`);
}

function differing(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).filter((value, n) => value !== b[n]).length;
}

/** How much lower than the largest probability that of the chosen class is, at worst: rounding may swap two that are nearly equal. */
function regret({ data, c }: Field, classes: ArrayLike<number>): number {
  const pixels = data.length / c;
  const of = (pixel: number, channel: number): number => data[channel * pixels + pixel];
  const largest = (pixel: number): number => Math.max(...Array.from({ length: c }, (_, channel) => of(pixel, channel)));
  return Math.max(...Array.from(classes, (chosen, pixel) => largest(pixel) - of(pixel, chosen)));
}

/** Says when the CPU comes to a layer. */
function told(read: ReadConstant): ReadConstant {
  return constant => {
    if (constant.kind === 'tensor' && constant.name.endsWith('.weight')) say(`CPU: ${printConstant(constant)}`);
    return read(constant);
  };
}

const device = await deviceJudge();
if (!device || !precisionsOf(device.facts.features).includes(precision)) {
  console.log(`FAIL: there is no adapter${device ? ` for ${precision}` : ''}`);
  process.exit(1);
}
const { network, tensors, card } = seededWeights(name, 1);
const grid = network.grid!.value;
const graph = select(network.build({ classes: card.classes.length, ...SIZE }), [grid, 'prob', 'classes']);
const input = fixtureInput(card, SIZE);
const values = infer(graph);
const cost = graph.nodes.reduce((sum, node) => sum + macs(node, values.get(node.name)!.shape), 0);
say(`${name} at ${SIZE.h}×${SIZE.w}, ${precision}: ${(cost / 1e9).toFixed(1)} G multiply-adds; the weights are made`);

const limits = { ...device.facts.limits, maxBufferSize: LIMIT, maxStorageBufferBindingSize: LIMIT };
const sitting = { ...device, facts: { ...device.facts, limits } };
const shared = engines(sitting, fileLibrary());
const prepared = await prepareGraph(shared.of(name), sitting, graph, precision, Float32Array.from(input.data), tensors);
const { plan } = prepared;
say(`${plan.steps.length} dispatches and ${(peakBytes(plan) / 1e6).toFixed(0)} MB of activations are ready`);
const start = performance.now();
const got = await prepared.run();
say(`${device.who} took ${((performance.now() - start) / 1000).toFixed(1)} s`);
prepared.destroy();
shared.close();
device.close();

const truth = run(graph, input, told(constantReader(tensors, toFloat64)));
say('CPU: done');
const { scores, prob } = tolerances[precision];
const [wanted, classes] = [truth.get('prob')!, got.get('classes')!];
check(grid, relativeError(got.get(grid)!, truth.get(grid)!.data), scores);
check('prob', relativeError(got.get('prob')!, wanted.data), prob);
const own = argmax(field(wanted, Float64Array.from(got.get('prob')!)));
check('classes that are not the argmax of prob', differing(own.data, classes), 0);
check("how much less probable than the CPU's class", regret(wanted, classes), 2 * prob);
say(`${differing(truth.get('classes')!.data, classes)} of ${classes.length} classes are not the CPU's`);
const { maxRSS, userCPUTime } = process.resourceUsage();
say(`at most ${(maxRSS / 1e6).toFixed(1)} GB of memory, ${(userCPUTime / 1e6).toFixed(0)} s of processor time`);
console.log(failed ? `FAIL: ${failed} checks` : 'PASS');
process.exitCode = failed ? 1 : 0;
