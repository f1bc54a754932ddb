// Sums that end in another curve than a ReLU (shaders/lib/activation.curve.wgsl).
import type { Activation } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { curves } from '../graph/numbered.ts';
import { joinBytes } from './blocks.ts';
import type { Cut } from './kernel.ts';

type Pack = NonNullable<Cut['pack']>;

interface Curved {
  overrides(activation: Activation, channels: number): Record<string, number | boolean>;
  /** Weights with the slopes of prelu behind them, in whole quads. Not there in a page until a network may end in one (build-late.ts). */
  packing?(pack: Pack | undefined): Pack;
}

export const curved: Curved = {
  overrides: ({ curve, a, b }, channels) => ({
    CURVE: curves.indexOf(curve),
    A: a,
    B: b,
    REST: channels - (quads(channels) - 1) * 4,
  }),
  packing: pack => (node, read, store) => {
    const { slope, ...others } = node.constants;
    const packed = Object.keys(others).length > 0 ? pack!(node, read, store) : new Uint8Array();
    if (!slope) return packed;
    const slopes = read(slope);
    const whole = new Float32Array(quads(slopes.length) * 4);
    whole.set(slopes);
    return joinBytes(packed, whole);
  },
};
