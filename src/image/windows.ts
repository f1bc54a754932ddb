// The antialiasing filter with which pictures are resized, on the CPU.

/** Weights of one target index: those of the source indices from `first` on, summing to 1. */
export interface Window {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * The triangle filter of half-width max(1, from/to) around (dst + ½)·from/to, clipped at the border and normalised: what
 * PIL and torchvision call bilinear with antialiasing. With from = to it is the identity.
 */
export function windows(from: number, to: number): Window[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Array.from({ length: last - first }, (_, n) => Math.max(0, 1 - Math.abs((first + n + 0.5 - centre) / support)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map(weight => weight / sum) };
  });
}
