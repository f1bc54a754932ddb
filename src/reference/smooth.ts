// Truth for scores averaged over frames.

/** What is kept of the frames up to this one; `kept` null: there are none before. */
export function smooth(kept: ArrayLike<number> | null, fresh: ArrayLike<number>, share: number): Float64Array {
  return Float64Array.from(fresh, (value, n) => (kept === null ? value : kept[n] + (value - kept[n]) * share));
}
