// The largest published network, dilation10_cityscapes at its published 1396×1396: what its plans take, and that they are made in a browser with nothing
// requested, where a buffer holds 256 MiB and a binding 128 MiB. The first map has 497 MB, fc6's weights 411 MB: neither exists as a whole.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shapeOf } from '../../src/graph/constant.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { byteLength } from '../../src/graph/layout.ts';
import { infer } from '../../src/graph/ops.ts';
import { endGraph } from '../../src/models/dilatednet.ts';
import { findNetwork } from '../../src/models/registry.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { fuse } from '../../src/passes/index.ts';
import { defaultFacts, targetOf } from '../../src/plan/choose.ts';
import { type LowerOptions, lower } from '../../src/plan/lower.ts';
import { type Plan, peakBytes, pipelines } from '../../src/plan/plan.ts';
import type { Precision } from '../../src/shader/source.ts';
import { count } from '../../src/weights/tensor.ts';
import { compilePlan, compilerJudge, compileSizes, weightSizes } from '../judges.ts';

const library = fileLibrary();
const network = findNetwork('dilation10_cityscapes');
const whole = network.build({ classes: 19, h: 1396, w: 1396 });
/** WebGPU's default limits, and the one feature that a precision needs. */
const facts = { ...defaultFacts, features: ['shader-f16'] };

/** Fused and lowered as `segment` does. */
function planned(graph: Graph, precision: Precision, options: Partial<LowerOptions>): { graph: Graph; plan: Plan } {
  const fused = fuse(graph, targetOf({ precision, facts, variants: 'auto' }));
  const choice = { precision, facts, variants: 'auto', stem: 'texture', shaderFacts: library.facts } as const;
  return { graph: fused, plan: lower(fused, { ...choice, mean: [0, 0, 0], std: [1, 1, 1], ...options }) };
}

/** A tile of a picture. */
const tile = (precision: Precision) => planned(whole, precision, { frame: { h: 1024, w: 2048 }, margin: 186, channels: 'bgr' });

const run = suite('dilation10_cityscapes at 1396×1396');
const compilers = { f32: await compilerJudge(), f16: await compilerJudge(['shader-f16']) };

/** Megabytes of activations and of weights, dispatches and pipelines, each at most. */
const figures = [
  ['f32', 190, 538, 146, 17],
  ['half', 177, 299, 61, 15],
  ['f16', 177, 299, 61, 15],
] as const;

for (const [precision, activations, weights, dispatches, compiled] of figures) {
  run(
    `${precision}: ${activations} MB of activations, ${weights} of weights, ${dispatches} dispatches, ${compiled} pipelines`,
    () => {
      const { graph, plan } = tile(precision);
      const sizes = [...weightSizes(graph, plan).values()];
      const megabytes = (bytes: readonly number[]): number => bytes.reduce((sum, each) => sum + each, 0) / 1e6;
      assert.ok(peakBytes(plan) / 1e6 <= activations, `${peakBytes(plan)} bytes of activations`);
      assert.ok(megabytes(sizes) <= weights, `${megabytes(sizes)} MB of weights`);
      assert.ok(plan.steps.length <= dispatches, `${plan.steps.length} dispatches`);
      assert.ok(pipelines(plan).size <= compiled, `${pipelines(plan).size} pipelines`);
      const { maxBufferSize, maxStorageBufferBindingSize } = facts.limits;
      for (const bytes of [...plan.slots, ...sizes])
        assert.ok(bytes <= Math.min(maxBufferSize, maxStorageBufferBindingSize), `a buffer of ${bytes} bytes`);
      // Without a target the same network would ask for more than there is.
      const shapes = infer(fuse(whole, { barriers: true }));
      const [first, { constants }] = [shapes.get('conv1_1')!, whole.nodes.find(({ name }) => name === 'fc6.conv')!];
      assert.ok(byteLength(first.shape, first.kind, precision) > maxStorageBufferBindingSize);
      assert.ok(count(shapeOf(constants.weight)) * 4 > maxBufferSize);
    },
  );

  const compiler = precision === 'f16' ? compilers.f16 : compilers.f32;
  const title = `${precision}: all pipelines, buffers and bind groups`;
  if (compiler) {
    run(title, async () => {
      const { graph, plan } = tile(precision);
      await compileSizes(compiler, library, graph, plan);
      const ends = endGraph(network, { c: 19, h: 128, w: 256, to: { h: 1024, w: 2048 }, tile: { h: 128, w: 128 } });
      const end = planned(ends, precision, { stem: 'map' });
      await compilePlan(compiler, library, end.graph, end.plan, constant => new Float64Array(count(shapeOf(constant))));
    });
  } else run.skip(title);
}

run.after(() => {
  for (const compiler of Object.values(compilers)) compiler?.close();
});
run.run();
