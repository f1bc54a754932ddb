// The order in which the convolutions read their weights: a lane walks one run of memory from front to back.
import { quads } from '../graph/layout.ts';
import type { WeightStore } from '../shader/source.ts';
import { halves } from '../weights/halves.ts';

/** Pairs of channel quads: what a lane makes of a pixel. */
export function pairs(channels: number): number {
  return Math.ceil(quads(channels) / 2);
}

/** One weight, by output channel, input channel and tap; the rows for CPU adapters say the channel within its quad, and the step. */
export type WeightAt = (o: number, i: number, tap: number) => number;

/** Reads the weights of output channels [first, end), a few at a time: the largest layer takes 411 MB, and is held but once. */
export type WeightRows = (first: number, end: number) => WeightAt;

/** Weights being packed, and behind them biases, which are float32 always. */
interface Packing {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The block of the output channels from `first` and four input channels, behind the last. */
  block(first: number, out: number, weight: (o: number, i: number) => number): void;
}

export function packing(blocks: number, biases: number, bias: Float64Array | null, store: WeightStore): Packing {
  const half = store === 'half';
  const count = blocks * 16;
  const bytes = new Uint8Array(count * (half ? 2 : 4) + biases * 4);
  const packed = half ? new Uint16Array(bytes.buffer, 0, count) : new Float32Array(bytes.buffer, 0, count);
  const encode = half ? halves.encode! : (value: number): number => value;
  if (bias) new Float32Array(bytes.buffer, bytes.length - biases * 4).set(bias);
  let at = 0;
  return {
    bytes,
    block(first, out, weight) {
      for (let column = 0; column < 4; column++) {
        for (let row = first; row < first + 4; row++) packed[at++] = row < out ? encode(weight(row, column)) : 0;
      }
    },
  };
}

/**
 * For each pair of output quads, tap and input quad: two 4×4 blocks (even quad, odd quad), a block four columns of one input channel each,
 * a column four output channels. Missing channels are zero, which keeps the padding of every map zero. Then the biases.
 */
export function packBlocks(
  out: number,
  taps: number,
  inputQuads: number,
  rows: WeightRows,
  bias: Float64Array | null,
  store: WeightStore = 'f32',
): Uint8Array<ArrayBuffer> {
  const { bytes, block } = packing(pairs(out) * taps * inputQuads * 2, pairs(out) * 8, bias, store);
  for (let pair = 0; pair < pairs(out); pair++) {
    const weight = rows(pair * 8, Math.min(pair * 8 + 8, out));
    for (let tap = 0; tap < taps; tap++) {
      for (let quad = 0; quad < inputQuads; quad++) {
        for (const o of [pair * 8, pair * 8 + 4]) block(o, out, (row, i) => weight(row, quad * 4 + i, tap));
      }
    }
  }
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

/** Lanes that hand their input quads round (shaders/lib/wide.wgsl). */
const ROUND = 4;

const whole = (count: number): number => Math.ceil(count / ROUND) * ROUND;

/** Lanes across the output channels, `each` quads a lane, in whole rounds. */
export function wideLanes(out: number, each: 1 | 2): number {
  return whole(Math.ceil(quads(out) / each));
}

/** Have more than half the lanes that make two quads each something to do? */
export function fillsWide(out: number): boolean {
  return 2 * pairs(out) > wideLanes(out, 2);
}

/**
 * The weights of the rows for CPU adapters: each lane's run of blocks, `each` output quads a step, as in `packBlocks`. Steps (an input quad
 * of a tap) come in fours, which lane l of a round meets in the order l, l^1, l^2, l^3; those that are missing are zero. Then the biases.
 */
export function packWide(
  out: number,
  each: 1 | 2,
  steps: number,
  rows: WeightRows,
  bias: Float64Array | null,
  store: WeightStore = 'f32',
): Uint8Array<ArrayBuffer> {
  const lanes = wideLanes(out, each);
  const { bytes, block } = packing(lanes * each * whole(steps), lanes * each * 4, bias, store);
  for (let lane = 0; lane < lanes; lane++) {
    const [first, end] = [lane, lane + 1].map(at => Math.min(at * each * 4, out));
    const weight = rows(first, end);
    for (let turn = 0; turn < whole(steps); turn++) {
      const step = turn ^ (lane % ROUND);
      for (let quad = lane * each; quad < (lane + 1) * each; quad++) {
        block(quad * 4, out, (o, i) => (step < steps ? weight(o, i, step) : 0));
      }
    }
  }
  return bytes;
}

/** Where those biases begin, in quads. */
export function wideBiasOffset(out: number, each: 1 | 2, steps: number): number {
  return wideLanes(out, each) * each * whole(steps) * 4;
}
