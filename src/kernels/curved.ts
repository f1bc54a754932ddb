// Sums that end in another curve than a ReLU (shaders/lib/activation.curve.wgsl).
import type { Activation } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { curves } from '../graph/numbered.ts';
import { joinBytes } from './blocks.ts';

export const curved = {
  overrides({ curve, a, b }: Activation, channels: number): Record<string, number | boolean> {
    return { CURVE: curves.indexOf(curve), A: a, B: b, REST: channels - (quads(channels) - 1) * 4 };
  },
  /** Packed weights with the slopes of prelu behind them, in whole quads. */
  withSlopes(packed: Float32Array | Uint8Array, slopes: Float64Array): Uint8Array<ArrayBuffer> {
    const whole = new Float32Array(quads(slopes.length) * 4);
    whole.set(slopes);
    return joinBytes(packed, whole);
  },
};
