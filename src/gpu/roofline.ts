// What the adapter can do at best, measured in the same run as everything that is held against it.
import type { Step } from '../plan/plan.ts';
import { timer } from './timing.ts';

export interface MeasuredLimits {
  /** Multiply-adds in registers, 10⁹ float operations a second (two a multiply-add). */
  readonly multiply_add_gflops: number;
  /** Bytes read and written by a plain copy, 10⁹ a second. */
  readonly copy_gb_per_s: number;
  /** An empty dispatch after another that it depends on, in microseconds. */
  readonly dispatch_us: number;
}

/** Eight independent chains of four lanes, so that latency hides; nothing is loaded and one word is stored. */
const MULTIPLY_ADD = `
const ROUNDS = 512;
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let s = vec4f(f32(id.x & 7u) * 1e-3 + 0.5);
  var a = s; var b = s + 1.0; var c = s + 2.0; var d = s + 3.0;
  var e = s + 4.0; var f = s + 5.0; var g = s + 6.0; var h = s + 7.0;
  for (var i = 0; i < ROUNDS; i += 1) {
    a = fma(a, s, s); b = fma(b, s, s); c = fma(c, s, s); d = fma(d, s, s);
    e = fma(e, s, s); f = fma(f, s, s); g = fma(g, s, s); h = fma(h, s, s);
  }
  y[id.x & 1023u] = a + b + c + d + e + f + g + h;
}`;
const FLOPS_A_LANE = 512 * 8 * 4 * 2;

const COPY = `
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n: vec3u) {
  let at = id.y * n.x * 64u + id.x;
  y[at] = x[at];
}`;

const EMPTY = `
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(1)
fn main() { y[0] += vec4f(1.0); }`;

const STORAGE = 0x80;

/** Takes about a second: the work is larger on a GPU, so that it takes long enough to time there. */
export async function measureLimits(device: GPUDevice, software: boolean): Promise<MeasuredLimits> {
  const buffers: GPUBuffer[] = [];
  const buffer = (size: number): GPUBuffer => {
    const made = device.createBuffer({ size, usage: STORAGE });
    buffers.push(made);
    return made;
  };
  const time = async (
    code: string,
    bound: readonly GPUBuffer[],
    groups: readonly [number, number],
    repeats: number,
  ): Promise<number> => {
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }) },
    });
    const entries = bound.map((item, binding) => ({ binding, resource: { buffer: item } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const clock = timer(device, 1);
    const once = async (): Promise<number> => {
      const start = performance.now();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass({ timestampWrites: clock?.writes(0) });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let n = 0; n < repeats; n++) pass.dispatchWorkgroups(groups[0], groups[1]);
      pass.end();
      clock?.resolve(encoder);
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      const wall = (performance.now() - start) / 1e3;
      return clock ? (await clock.read())[0] / 1e9 : wall;
    };
    await once();
    const best = Math.min(await once(), await once(), await once());
    clock?.destroy();
    return best;
  };

  const groups = software ? 256 : 65535;
  const flops = (groups * 64 * FLOPS_A_LANE) / (await time(MULTIPLY_ADD, [buffer(1024 * 16)], [groups, 1], 1));
  const bytes = software ? 32 * 2 ** 20 : 128 * 2 ** 20;
  const lanes = bytes / 16 / 64;
  const copied =
    ((2 * bytes) / (await time(COPY, [buffer(bytes), buffer(bytes)], [Math.min(lanes, 32768), Math.ceil(lanes / 32768)], 4))) * 4;
  const repeats = 256;
  const dispatch = (await time(EMPTY, [buffer(256)], [1, 1], repeats)) / repeats;
  for (const made of buffers) made.destroy();
  return { multiply_add_gflops: round(flops / 1e9), copy_gb_per_s: round(copied / 1e9), dispatch_us: round(dispatch * 1e6) };
}

/** Seconds that a step takes at least. */
export function floorOf({ macs, bytes }: Pick<Step, 'macs' | 'bytes'>, limits: MeasuredLimits): number {
  return Math.max((2 * macs) / (limits.multiply_add_gflops * 1e9), bytes / (limits.copy_gb_per_s * 1e9));
}

/** Five digits: no clock is better. */
function round(value: number): number {
  return Number(value.toPrecision(5));
}
