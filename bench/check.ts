// `--check`: every row of every kernel's table by every variant that the device can run (on a CPU adapter variants with barriers run a part of
// the rows, and it says so), then a whole network against PyTorch. Nothing but the device is needed, so a GPU machine that has only `webgpu` can
// prove itself before it is timed.

import type { Output } from '../src/cli/output.ts';
import { createEngine, destroyEngine, runOnPlanes } from '../src/gpu/executor.ts';
import { readValue } from '../src/gpu/transfer.ts';
import { constantReader } from '../src/graph/constant.ts';
import { select } from '../src/graph/select.ts';
import { expectedTensors, findNetwork } from '../src/models/registry.ts';
import { fuse } from '../src/passes/index.ts';
import { type AdapterFacts, precisionsOf, targetOf } from '../src/plan/choose.ts';
import { lower } from '../src/plan/lower.ts';
import type { Precision, ShaderLibrary } from '../src/shader/source.ts';
import { imagenet } from '../src/weights/card.ts';
import { readSafetensors } from '../src/weights/safetensors.ts';
import { seededInput, seededTensor } from '../src/weights/seeded.ts';
import { toFloat32, toFloat64 } from '../src/weights/tensor.ts';
import { checkTable, ONE_PRECISION, seldomRun } from '../test/kernels/check.ts';
import { tables } from '../test/kernels/index.ts';
import { GOLDEN, goldenFile } from './golden.ts';
import { relativeError } from './network.ts';

interface Device {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  readonly library: ShaderLibrary;
}

/** Of the largest logit. */
const BOUNDS = { f32: 2e-4, half: 2e-2, f16: 2e-2 } as const;

/** Prints a line a kernel and ends with `N passed, N failed`. Returns the exit code. */
export async function check(bench: Device, out: Output): Promise<number> {
  const precisions = precisionsOf(bench.facts.features);
  let [passed, failed] = [0, 0];
  if (bench.facts.software) out.text(ONE_PRECISION);
  for (const table of tables) {
    out.progress(`checking ${table.kernel}`);
    const checks = await checkTable(bench.device, bench.library, bench.facts, table);
    const wrong = checks.filter(({ message }) => message !== null);
    const variants = [...new Set(checks.map(({ variant }) => variant))];
    const worst = precisions.flatMap(precision => {
      const errors = checks.filter(entry => entry.precision === precision).map(({ error }) => error);
      return errors.length > 0 ? `${precision} ${Math.max(...errors).toExponential(1)}` : [];
    });
    out.text(`${table.kernel.padEnd(12)} ${checks.length} checks (${variants.join(', ')}), worst error ${worst.join(', ')}`);
    for (const { message } of wrong) out.block(`  wrong: ${message}`);
    for (const line of seldomRun(table, bench.facts)) out.text(`  ${line}`);
    passed += checks.length - wrong.length;
    failed += wrong.length;
  }
  for (const precision of precisions) {
    const error = await goldenError(bench, precision);
    const right = error <= BOUNDS[precision];
    out.text(
      `golden       ${GOLDEN.model} ${GOLDEN.h}x${GOLDEN.w} ${precision}: ${error.toExponential(1)} of the largest logit (allowed ${BOUNDS[precision]})`,
    );
    if (right) passed++;
    else failed++;
  }
  out.text(`${passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

/** Decoder logits of the plan that this adapter gets, against PyTorch in float64. */
async function goldenError({ device, facts, library }: Device, precision: Precision): Promise<number> {
  const { model, classes, h, w } = GOLDEN;
  const graph = fuse(
    select(findNetwork(model).build({ classes, h, w }), ['decoder']),
    targetOf({ precision, facts, variants: 'auto' }),
  );
  const tensors = new Map([...expectedTensors(graph)].map(([name, shape]) => [name, seededTensor(name, shape)]));
  const { mean, std } = imagenet;
  const plan = lower(graph, { precision, facts, variants: 'auto', stem: 'tensor', mean, std, shaderFacts: library.brief });
  const input = Float32Array.from(seededInput('input', GOLDEN, imagenet));
  const engine = createEngine(device, library);
  try {
    const program = await runOnPlanes(engine, graph, plan, constantReader(tensors, toFloat64), input);
    const logits = await readValue(device, program, plan.outputs[0]);
    program.destroy();
    return relativeError(logits, toFloat32(readSafetensors(goldenFile(), 'golden').tensors.get('logits4')!));
  } finally {
    destroyEngine(engine);
  }
}
