// The order in which the convolutions read their weights: a lane walks one run of memory from front to back.
import { quads } from '../graph/layout.ts';

/** Pairs of channel quads: what a lane makes of a pixel. */
export function pairs(channels: number): number {
  return Math.ceil(quads(channels) / 2);
}

/**
 * For each pair of output quads, tap and input quad: two 4×4 blocks (even quad, odd quad), a block four columns of one input channel each,
 * a column four output channels. Missing channels are zero, which keeps the padding of every map zero. Then the biases.
 */
export function packBlocks(
  out: number,
  taps: number,
  inputQuads: number,
  weight: (o: number, i: number, tap: number) => number,
  bias: Float64Array | null,
): Float32Array {
  const packed = new Float32Array(pairs(out) * (taps * inputQuads * 32 + 8));
  let at = 0;
  for (let pair = 0; pair < pairs(out); pair++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let i = 0; i < inputQuads * 4; i += 4) {
        for (let o = pair * 8; o < pair * 8 + 8; o += 4) {
          for (let column = i; column < i + 4; column++) {
            for (let row = o; row < o + 4; row++) packed[at++] = row < out ? weight(row, column, tap) : 0;
          }
        }
      }
    }
  }
  if (bias) packed.set(bias, at);
  return packed;
}

/** Where the biases begin, in quads. */
export function biasOffset(out: number, taps: number, inputQuads: number): number {
  return pairs(out) * taps * inputQuads * 8;
}
