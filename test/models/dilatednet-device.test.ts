// DilatedNet on the device: the four networks with a sixteenth of their hidden channels against PyTorch's float64, the same numbers in bands and parts as
// whole, and the context module that training starts from, which is ReLU and nothing else.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Engine, prepare, submit } from '../../src/gpu/executor.ts';
import { encodeValue, readValue } from '../../src/gpu/transfer.ts';
import { builder } from '../../src/graph/build.ts';
import { constantReader } from '../../src/graph/constant.ts';
import { type Graph, INPUT } from '../../src/graph/graph.ts';
import { byteLength } from '../../src/graph/layout.ts';
import { select } from '../../src/graph/select.ts';
import { contextModule, dilatedNets, narrowed } from '../../src/models/dilatednet.ts';
import { identityInit } from '../../src/models/identity.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { precisionsOf, targetOf } from '../../src/plan/choose.ts';
import { lower } from '../../src/plan/lower.ts';
import { argmax } from '../../src/reference/classify.ts';
import { type Field, field } from '../../src/reference/field.ts';
import { evaluate } from '../../src/reference/run.ts';
import type { Precision } from '../../src/shader/source.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { type Tensors, toFloat64 } from '../../src/weights/tensor.ts';
import { relativeError } from '../goldens/pytorch.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';
import { engines, prepareGraph } from './device.ts';
import { fieldOf, fixtureInput, goldens, SIZE, seededWeights, whole } from './dilatednet-fixtures.ts';

/**
 * Of the largest magnitude. `scores`, the last layer, against PyTorch: float32 through some thirty layers is off by 2e-6; in half every map is rounded to
 * eleven bits (up to 2.4e-4 of each value, weights and sums are not), of which 2e-3 is left at the end. `prob` against the softmax of those very scores: what
 * is left is exp and storage, in half that of the upsampled scores too. In float32 it is held to PyTorch as well; in half it can't be, because scores reach 66
 * and softmax makes an error of 0.1 in a score up to 0.05 in a probability.
 */
const tolerances = {
  f32: { scores: 2e-4, prob: 1e-5 },
  half: { scores: 5e-3, prob: 2e-3 },
  f16: { scores: 5e-3, prob: 2e-3 },
} as const;
/** Of float32's probabilities against PyTorch. */
const PROB = 2e-4;

const library = fileLibrary();
const run = suite('dilatednet on the device');
const device = await deviceJudge();
const shareable = device && engines(device, library);
const precisions = device ? precisionsOf(device.facts.features) : [];
if (!device) run.skip('DilatedNet on the device');

function within(value: string, got: ArrayLike<number>, wanted: Field, most: number): void {
  const error = relativeError(got, wanted.data);
  assert.ok(error <= most, `${value}: worst |Δ| is ${error.toExponential(2)} of max|${value}|, allowed is ${most}`);
}

for (const name of device ? whole : []) {
  const { network, tensors, card } = seededWeights(name);
  const grid = network.grid!.value;
  const graph = network.build({ classes: card.classes.length, ...SIZE });
  const input = Float32Array.from(fixtureInput(card).data);
  const scores = fieldOf(goldens.get(`${name}.${grid}`)!);
  /** What follows the last layer. */
  const end = graph.nodes.slice(graph.nodes.findIndex(node => node.name === grid) + 1);
  const ended = (from: Field): Map<string, Field> => {
    const values = new Map([[grid, from]]);
    for (const node of end)
      for (const [value, made] of evaluate(node, values, constantReader(tensors, toFloat64))) values.set(value, made);
    return values;
  };

  const outputs = async (values: readonly string[], precision: Precision) => {
    const prepared = await prepareGraph(shareable!.of(name), device!, select(graph, values), precision, input, tensors);
    const numbers = await prepared.run();
    prepared.destroy();
    sat('device', device!.who);
    return numbers;
  };

  for (const precision of precisions) {
    run(`${name} at ${SIZE.h}×${SIZE.w}, ${precision}`, async () => {
      const got = await outputs([grid, 'prob', 'classes'], precision);
      within(grid, got.get(grid)!, scores, tolerances[precision].scores);
      const own = ended(field(scores, Float64Array.from(got.get(grid)!)));
      within('prob', got.get('prob')!, own.get('prob')!, tolerances[precision].prob);
      if (precision === 'f32') within('prob', got.get('prob')!, ended(scores).get('prob')!, PROB);
      const prob = field(own.get('prob')!, Float64Array.from(got.get('prob')!));
      assert.equal(Float64Array.from(got.get('classes')!), argmax(prob).data);
    });
  }

  run(`${name}: the same classes where the end is one step`, async () => {
    const { classes } = Object.fromEntries(await outputs(['classes'], 'f32'));
    assert.equal(Float64Array.from(classes), ended(scores).get('classes')!.data);
  });
}

/** A graph's values and steps on the device as it is, and on one whose buffers and bindings hold so many bytes. */
async function bothWays(graph: Graph, bytes: number, precision: Precision) {
  const limits = { ...device!.facts.limits, maxBufferSize: bytes, maxStorageBufferBindingSize: bytes };
  // Tapped, the input is stored both ways; else one convolution, but no band of it, would make it in registers, unrounded.
  const tapped = { ...graph, outputs: [...graph.outputs, INPUT] };
  const ways = [];
  for (const facts of [device!.facts, { ...device!.facts, limits }]) {
    const { plan, run, destroy } = await prepareGraph(
      shareable!.of(`${graph.name}, both ways`),
      { ...device!, facts },
      tapped,
      precision,
      undefined,
      undefined,
      'plain',
    );
    ways.push({ plan, values: await run(), nodes: plan.steps.map(({ node }) => node) });
    destroy();
    sat('device', device!.who);
  }
  const [whole, parts] = ways;
  assert.not.ok(whole.nodes.some(node => /[@[]/.test(node)));
  assert.ok(parts.plan.slots.every(each => each <= bytes));
  // Every lane of the plain rows adds the same products in the same order; a narrow part may get another row than the whole.
  for (const [value, wanted] of whole.values) assert.equal(parts.values.get(value), wanted, value);
  return parts.nodes;
}

for (const precision of precisions) {
  run(`in bands of rows and ranges of channels the same as whole, ${precision}`, async () => {
    const { name, build, grid } = findNetwork('dilation10_cityscapes');
    // The first block and fc6 are wider than the rest.
    const widths = new Map([...narrowed(dilatedNets.get(name)!, 16), ['conv1_1', 16], ['conv1_2', 16], ['fc6', 512]]);
    const network = select(build({ classes: 5, h: 373, w: 381, widths }), [grid!.value, 'prob', 'classes']);
    // The input just fits.
    const nodes = await bothWays(network, byteLength(network.input, 'map', precision), precision);
    for (const node of ['pool1@1', 'fc6[0:256]', 'fc6[256:512]']) assert.ok(nodes.includes(node), `no ${node} among ${nodes}`);
  });

  run(`ranges of channels within bands the same as whole, ${precision}`, async () => {
    const b = builder('ranges within bands', { c: 3, h: 30, w: 20 });
    const first = b.relu('first', b.conv('conv1', b.input, { in: 3, out: 32, kernel: 3, bias: true }));
    const pool = b.maxpool('pool', b.relu('second', b.conv('conv2', first, { in: 32, out: 20, kernel: 3, bias: true })));
    const nodes = await bothWays(b.graph([b.conv('last', pool, { in: 20, out: 5 })]), 14000, precision);
    for (const node of ['pool@0[0:8]', 'pool@1[16:20]']) assert.ok(nodes.includes(node), `no ${node} among ${nodes}`);
  });

  for (const name of device ? whole : []) {
    run(`${name}: a fresh context module is ReLU exactly, ${precision}`, async () => {
      const { context, classes } = dilatedNets.get(name)!;
      const graph = contextModule(context!, { classes: classes.labels.length, h: 5, w: 7 });
      // Multiples of 1/64 below 16 are halves, and so are they over powers of two; sums of 32 equal ones are exact in float32.
      const x = uniform(`${name} scores`, graph.input.c * 35).map(u => (Math.floor(u * 2048) - 1024) / 64);
      const got = await filled(shareable!.of(`${name}, fresh`), graph, identityInit(name), x, precision);
      assert.equal(
        got,
        x.map(value => Math.max(value, 0)),
      );
    });
  }
}

/** The output of a graph whose input is what the caller writes, whatever its channels are. */
async function filled(
  engine: Engine,
  graph: Graph,
  tensors: Tensors,
  x: Float32Array,
  precision: Precision,
): Promise<Float32Array> {
  const { device: gpu, facts, who } = device!;
  const fused = fuse(graph, targetOf({ precision, facts, variants: 'auto' }));
  const choice = { variants: 'auto', stem: 'map', mean: [0, 0, 0], std: [1, 1, 1], shaderFacts: library.facts } as const;
  const plan = lower(fused, { precision, facts, ...choice });
  const program = await prepare(engine, fused, plan, constantReader(tensors, toFloat64), null);
  gpu.queue.writeBuffer(program.buffer(INPUT), 0, encodeValue(x, plan.values[INPUT], precision));
  submit(gpu, program);
  const values = await readValue(gpu, program, graph.outputs[0]);
  program.destroy();
  sat('device', who);
  return values;
}

run.after(() => {
  shareable?.close();
  device?.close();
});
run.run();
