// Sums that end in another curve than a ReLU (shaders/lib/activation.curve.wgsl). Its numbers lie behind the weights: as overrides each would be a pipeline.
import { type Activation, endOf, type Node } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { curves, numbered } from '../graph/numbered.ts';
import { joinBytes } from './blocks.ts';
import type { Cut } from './kernel.ts';

type Pack = NonNullable<Cut['pack']>;

/** What a page lacks until a network may end in a curve is optional (build-late.ts). */
interface Curved {
  overrides(activation: Activation, channels: number): Record<string, number | boolean>;
  /** Names of what lies behind a node's weights, but for its constants. */
  behind?(node: Node): string[];
  /** Weights with a curve's numbers as one more quad, or with the slopes of prelu in whole quads. */
  packing?(pack: Pack | undefined): Pack;
}

export const curved: Curved = {
  overrides: ({ curve }, channels) => ({ CURVE: curves.indexOf(curve), REST: channels - (quads(channels) - 1) * 4 }),
  behind(node) {
    // Weights in codes are packed for those of the maps.
    if (node.op === 'qconv') return [JSON.stringify([node.attributes.from, node.attributes.to, node.attributes.beside])];
    const { activation } = endOf(node);
    return activation && numbered.includes(activation.curve) ? [`${activation.a} ${activation.b}`] : [];
  },
  packing: pack => (node, read, store) => {
    const { slope, ...others } = node.constants;
    const packed = Object.keys(others).length > 0 ? pack!(node, read, store) : new Uint8Array();
    const { activation } = endOf(node);
    if (!slope && !(activation && numbered.includes(activation.curve))) return packed;
    const numbers = slope ? read(slope) : [activation!.a, activation!.b];
    const whole = new Float32Array(quads(numbers.length) * 4);
    whole.set(numbers);
    return joinBytes(packed, whole);
  },
};
