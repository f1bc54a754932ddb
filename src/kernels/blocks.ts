// The order in which the convolutions read their weights: a lane walks one run of memory from front to back.
import { quads } from '../graph/layout.ts';
import type { WeightStore } from '../shader/source.ts';
import { numberToFloat16 } from '../weights/tensor.ts';

/** Pairs of channel quads: what a lane makes of a pixel. */
export function pairs(channels: number): number {
  return Math.ceil(quads(channels) / 2);
}

/** One weight, by output channel, input channel and tap. */
export type WeightAt = (o: number, i: number, tap: number) => number;

/**
 * For each pair of output quads, tap and input quad: two 4×4 blocks (even quad, odd quad), a block four columns of one input channel each,
 * a column four output channels. Missing channels are zero, which keeps the padding of every map zero. Then the biases, float32 always.
 * `rows` reads the output channels [first, end) of a pair at a time: the largest layer takes 411 MB, and is held but once.
 */
export function packBlocks(
  out: number,
  taps: number,
  inputQuads: number,
  rows: (first: number, end: number) => WeightAt,
  bias: Float64Array | null,
  store: WeightStore = 'f32',
): Uint8Array<ArrayBuffer> {
  const weights = biasOffset(out, taps, inputQuads) * 4;
  const biases = pairs(out) * 8;
  const half = store === 'half';
  const bytes = new Uint8Array(weights * (half ? 2 : 4) + biases * 4);
  const packed = half ? new Uint16Array(bytes.buffer, 0, weights) : new Float32Array(bytes.buffer, 0, weights);
  const encode = half ? numberToFloat16 : (value: number): number => value;
  let at = 0;
  for (let pair = 0; pair < pairs(out); pair++) {
    const weight = rows(pair * 8, Math.min(pair * 8 + 8, out));
    for (let tap = 0; tap < taps; tap++) {
      for (let i = 0; i < inputQuads * 4; i += 4) {
        for (let o = pair * 8; o < pair * 8 + 8; o += 4) {
          for (let column = i; column < i + 4; column++) {
            for (let row = o; row < o + 4; row++) packed[at++] = row < out ? encode(weight(row, column, tap)) : 0;
          }
        }
      }
    }
  }
  if (bias) new Float32Array(bytes.buffer, bytes.length - biases * 4).set(bias);
  return bytes;
}

/** Float32 constants of one step, one after another. */
export function joinBytes(...parts: readonly (Float32Array | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

/** Where the biases begin, in quads. */
export function biasOffset(out: number, taps: number, inputQuads: number): number {
  return pairs(out) * taps * inputQuads * 8;
}
