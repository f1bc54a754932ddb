// A software adapter and Node's event loop share the cores: while one works the other must not spin.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BufferUsage } from '../../src/gpu/flags.ts';
import { nodeDevice } from '../../src/node/engine.ts';

const LONG = `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = f32(id.x);
  for (var i = 0u; i < 4000u; i += 1u) { sum = fma(sum, 0.5, 1.0); }
  y[id.x] = sum;
}`;
const LANES = 1 << 18;

/** Turns of the event loop until the work is done, and how many milliseconds that took. */
async function turnsUntil(work: Promise<unknown>): Promise<{ turns: number; ms: number }> {
  const begin = performance.now();
  let turns = 0;
  let busy = true;
  const turn = (): void => {
    turns++;
    if (busy) setImmediate(turn);
  };
  turn();
  await work;
  busy = false;
  return { turns, ms: performance.now() - begin };
}

test('the event loop rests while a software adapter works, and goes on', async () => {
  const { device, software } = await nodeDevice({ adapter: 'software' });
  assert.ok(software);
  const module = device.createShaderModule({ code: LONG });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const buffer = device.createBuffer({ size: LANES * 4, usage: BufferUsage.STORAGE });
  const entries = [{ binding: 0, resource: { buffer } }];
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(LANES / 64);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const { turns, ms } = await turnsUntil(device.queue.onSubmittedWorkDone());
  assert.ok(ms > 50, `the work must take long enough to tell: ${ms} ms`);
  assert.ok(turns > 5, `${turns} turns in ${ms} ms: the loop stood still`);
  assert.ok(turns < ms + 20, `${turns} turns in ${ms} ms: the loop spins`);
  device.destroy();
});

test.run();
