// mean → conv → relu → conv → (hard) sigmoid → mul, of any map  ⇒  sums of the map, and one node that makes the gate from them.
import type { Constant } from '../graph/constant.ts';
import { MAX_CHANNELS, MAX_HIDDEN } from '../graph/forms.ts';
import { isPointwise, type Node, type NodeOf, type Shape } from '../graph/graph.ts';
import { quads } from '../graph/layout.ts';
import { infer } from '../graph/ops.ts';
import { type Pass, rewrite } from './pass.ts';
import { gateChain } from './squeeze-excite.ts';

/** Lanes that fill a GPU, and the least that each of them has to do. */
const LANES = 4096;
const LEAST = 8;

function stripsOf({ c, h, w }: Shape): number {
  return Math.min(Math.ceil(LANES / quads(c)), Math.ceil((h * w) / LEAST));
}

const biasOf = ({ constants: { weight, bias } }: NodeOf<'conv'>): Constant => bias ?? { kind: 'zeros', of: weight };

export const recalibrate: Pass = {
  name: 'recalibrate',
  why: 'squeeze-and-excitation is few products in five steps: a gate in float32 is one of them, and the next 1×1 convolution takes it as it loads the map',
  apply(graph) {
    const values = infer(graph);
    return rewrite(graph, 'mean', (mean, view) => {
      const soft = gateChain(mean, view, 'sigmoid');
      const chain = soft ?? gateChain(mean, view, 'hard-sigmoid');
      if (!chain) return null;
      const { first, second, sigmoid } = chain;
      const [hidden, { shape }] = [values.get(first.name)!.shape.c, values.get(mean.inputs.x)!];
      const scales = view.readers(sigmoid.name).every(({ op, inputs }) => op === 'mul' && inputs.gate === sigmoid.name);
      const plain = isPointwise(first) && isPointwise(second);
      const fits = plain && hidden <= MAX_HIDDEN && shape.c <= MAX_CHANNELS && values.get(second.name)!.shape.c === shape.c;
      if (!scales || view.isOutput(sigmoid.name) || !fits) return null;
      const name = `${mean.name}.sums`;
      const sums: Node = { op: 'sums', name, inputs: { x: mean.inputs.x }, attributes: { strips: stripsOf(shape) }, constants: {} };
      const excite: Node = {
        op: 'excite',
        name: sigmoid.name,
        inputs: { x: name },
        attributes: { hidden, pixels: shape.h * shape.w, ...(!soft && { gate: sigmoid.attributes }) },
        constants: {
          weight1: first.constants.weight,
          bias1: biasOf(first),
          weight2: second.constants.weight,
          bias2: biasOf(second),
        },
      };
      return { node: [sums, excite], drop: [first, second, sigmoid] };
    });
  },
};
