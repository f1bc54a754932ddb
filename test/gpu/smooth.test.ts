// Scores averaged over frames, on a device: three frames against the slow twin, in each storage; a frame that forgets all before; what a share is.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createEngine, destroyEngine } from '../../src/gpu/executor.ts';
import { BufferUsage } from '../../src/gpu/flags.ts';
import { smoother } from '../../src/gpu/smooth.ts';
import { decodeValue, encodeValue, readBuffer } from '../../src/gpu/transfer.ts';
import { pixelStride } from '../../src/graph/layout.ts';
import { shareOf } from '../../src/kernels/smooth.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { smooth } from '../../src/reference/smooth.ts';
import { uniform } from '../../src/weights/seeded.ts';
import { deviceJudge } from '../judges.ts';
import { sat } from '../record.ts';

const judge = await deviceJudge();
const gpu = judge ? test : test.skip;
test.after(() => judge?.close());

const rows: [c: number, h: number, w: number, precision: 'f32' | 'half', tolerance: number][] = [
  [1, 1, 1, 'f32', 1e-6],
  [11, 5, 7, 'f32', 1e-6],
  [11, 5, 7, 'half', 6e-4],
  [19, 9, 17, 'half', 6e-4],
];

for (const [c, h, w, precision, tolerance] of rows)
  gpu(`smooth: ${c}×${h}×${w}, ${precision}`, async () => {
    const device = judge!.device as GPUDevice;
    const engine = createEngine(device, fileLibrary());
    const place = { slot: 0, c, h, w, stride: pixelStride(c, precision), offset: 0, start: 0, kind: 'map' } as const;
    const steps = [
      { reads: {}, writes: { y: 'logits' } },
      { reads: { x: 'logits' }, writes: { y: 'classes' } },
    ];
    const plan = { model: 'none', size: [h, w], precision, steps, values: { logits: place } } as unknown as Plan;
    const frames = [0, 1, 2, 3].map(n => Array.from(uniform(`frame ${n}`, c * h * w), u => u * 2 - 1));
    const bytes = frames.map(frame => encodeValue(frame, place, precision));
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: bytes[0].byteLength, usage });
    const made = await smoother(engine, { plan, buffer: () => buffer });
    assert.is(made.step, 1);
    let kept: Float64Array | null = null;
    for (const [n, share] of [1, 0.25, 0.01, 1].entries()) {
      device.queue.writeBuffer(buffer, 0, bytes[n]);
      made.weigh(share);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      made.record(pass);
      pass.end();
      device.queue.submit([encoder.finish()]);
      kept = smooth(share === 1 ? null : kept, frames[n], share);
      const found = decodeValue(await readBuffer(device, buffer), place, precision);
      const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - kept![at])), 0);
      assert.ok(worst <= tolerance, `frame ${n}: ${worst}`);
      sat('device', judge!.who);
    }
    made.destroy();
    buffer.destroy();
    destroyEngine(engine);
  });

test('after a half-life as much is left of the past as is new, whichever way time runs', () => {
  assert.is(shareOf(200, 200), 0.5);
  assert.is(shareOf(-400, 200), 0.75);
  assert.is(shareOf(0, 200), 0);
});

test.run();
