// Frames a second and the spread of a frame's time, over the last few seconds.

const KEPT = 120;

export interface Timing {
  /** One frame that took `ms`. */
  add(ms: number): void;
  /** Null before the first two frames. */
  numbers(): { fps: number; p50: number; p95: number } | null;
}

export function timing(): Timing {
  const times: number[] = [];
  const ends: number[] = [];
  return {
    add(ms) {
      times.push(ms);
      ends.push(performance.now());
      if (times.length <= KEPT) return;
      times.shift();
      ends.shift();
    },
    numbers() {
      if (ends.length < 2) return null;
      const fps = (1000 * (ends.length - 1)) / (ends.at(-1)! - ends[0]!);
      return { fps, p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
    },
  };
}

/** The value below which that share of `values` lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
