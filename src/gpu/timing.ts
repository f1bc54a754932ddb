// How long the device took: timestamps around passes, and statistics of repeated measurements.
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
