// How long the device took: timestamps around passes, and statistics of repeated measurements.
import type { Program } from './executor.ts';
import { BufferUsage, READ } from './flags.ts';

export interface Statistics {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly n: number;
}

/** Of at least one number. */
export function statistics(samples: readonly number[]): Statistics {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { min: sorted[0], median: at(0.5), p95: at(0.95), n: sorted.length };
}

export interface Timer {
  /** What pass `index` must carry to be timed. */
  writes(index: number): GPUComputePassTimestampWrites;
  /** Records the copy of all times; to be called last. */
  resolve(encoder: GPUCommandEncoder): void;
  /** Nanoseconds of every pass, after the submit. */
  read(): Promise<number[]>;
  destroy(): void;
}

/** Times `passes` passes; null on a device without timestamps. Browsers round to 65.536 µs unless told otherwise. */
export function timer(device: GPUDevice, passes: number): Timer | null {
  if (!device.features.has('timestamp-query')) return null;
  const count = passes * 2;
  const querySet = device.createQuerySet({ type: 'timestamp', count });
  const resolved = device.createBuffer({
    label: 'timestamps',
    size: count * 8,
    usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC,
  });
  const staging = device.createBuffer({ label: 'timestamps', size: count * 8, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  return {
    writes: index => ({ querySet, beginningOfPassWriteIndex: index * 2, endOfPassWriteIndex: index * 2 + 1 }),
    resolve(encoder) {
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
    },
    async read() {
      await staging.mapAsync(READ);
      const ticks = new BigUint64Array(staging.getMappedRange());
      const times = Array.from({ length: passes }, (_, index) => Number(ticks[index * 2 + 1] - ticks[index * 2]));
      staging.unmap();
      return times;
    },
    destroy() {
      querySet.destroy();
      resolved.destroy();
      staging.destroy();
    },
  };
}

/** Milliseconds of the whole pass, the frame on the device already; null without timestamps. */
export async function gpuTimes(device: GPUDevice, program: Program, runs: number, frame?: GPUBindGroup): Promise<number[] | null> {
  const clock = timer(device, 1);
  if (!clock) return null;
  const times: number[] = [];
  for (let n = 0; n < runs; n++) {
    const encoder = device.createCommandEncoder();
    program.encode(encoder, clock.writes(0), frame);
    clock.resolve(encoder);
    device.queue.submit([encoder.finish()]);
    times.push((await clock.read())[0] / 1e6);
  }
  clock.destroy();
  return times;
}

/** Records each step into a pass of its own. */
export function encodeSteps(program: Program, encoder: GPUCommandEncoder, writes: Timer['writes'], frame?: GPUBindGroup): void {
  for (const [index, { node }] of program.plan.steps.entries()) {
    const pass = encoder.beginComputePass({ label: node, timestampWrites: writes(index) });
    program.dispatch(pass, index, frame);
    pass.end();
  }
}

/** Nanoseconds of each step in a pass of its own, once for every program in turn, `rounds` times: program → step → samples. Null without timestamps. */
export async function stepSamples(
  device: GPUDevice,
  programs: readonly Program[],
  rounds: number,
  frame?: GPUBindGroup,
): Promise<number[][][] | null> {
  const clock = timer(device, Math.max(...programs.map(({ plan }) => plan.steps.length)));
  if (!clock) return null;
  const samples: number[][][] = programs.map(({ plan }) => plan.steps.map(() => []));
  for (let round = 0; round < rounds; round++) {
    for (const [n, program] of programs.entries()) {
      const encoder = device.createCommandEncoder();
      encodeSteps(program, encoder, clock.writes, frame);
      clock.resolve(encoder);
      device.queue.submit([encoder.finish()]);
      const times = await clock.read();
      for (const [step, list] of samples[n].entries()) list.push(times[step]);
    }
  }
  clock.destroy();
  return samples;
}
