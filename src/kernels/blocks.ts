// The order in which the convolutions read their weights: a lane walks one run of memory from front to back.
import { quads } from '../graph/layout.ts';

/** Pairs of channel quads: what a lane makes of a pixel. */
export function pairs(channels: number): number {
  return Math.ceil(quads(channels) / 2);
}

type Weight = (o: number, i: number, tap: number) => number;

/**
 * For each pair of output quads, tap and input quad: two 4×4 blocks (even quad, odd quad), a block four columns of one input channel each,
 * a column four output channels. Missing channels are zero, which keeps the padding of every map zero. Then the biases.
 */
export function packBlocks(out: number, taps: number, inputQuads: number, weight: Weight, bias: Float64Array | null): Float32Array {
  const packed = new Float32Array(pairs(out) * (taps * inputQuads * 32 + 8));
  let at = 0;
  for (let pair = 0; pair < pairs(out); pair++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let quad = 0; quad < inputQuads; quad++) {
        for (const o of [pair * 8, pair * 8 + 4]) at = packBlock(packed, at, o, out, (row, i) => weight(row, quad * 4 + i, tap));
      }
    }
  }
  if (bias) packed.set(bias, at);
  return packed;
}

/** The block of the output channels from `first` and four input channels. Returns where the next begins. */
function packBlock(
  packed: Float32Array,
  start: number,
  first: number,
  out: number,
  weight: (o: number, i: number) => number,
): number {
  let at = start;
  for (let column = 0; column < 4; column++) {
    for (let row = first; row < first + 4; row++) packed[at++] = row < out ? weight(row, column) : 0;
  }
  return at;
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
  weight: (o: number, i: number, step: number) => number,
  bias: Float64Array | null,
): Float32Array {
  const lanes = wideLanes(out, each);
  const packed = new Float32Array(lanes * each * (whole(steps) * 16 + 4));
  let at = 0;
  for (let lane = 0; lane < lanes; lane++) {
    for (let turn = 0; turn < whole(steps); turn++) {
      const step = turn ^ (lane % ROUND);
      for (let quad = lane * each; quad < (lane + 1) * each; quad++) {
        at = packBlock(packed, at, quad * 4, out, (o, i) => (step < steps ? weight(o, i, step) : 0));
      }
    }
  }
  if (bias) packed.set(bias, at);
  return packed;
}

/** Where those biases begin, in quads. */
export function wideBiasOffset(out: number, each: 1 | 2, steps: number): number {
  return wideLanes(out, each) * each * whole(steps) * 4;
}
